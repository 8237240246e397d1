import { createRequire } from 'node:module';
import type * as protobufjs from 'protobufjs';

const protobuf = createRequire(import.meta.url)('protobufjs') as typeof protobufjs;

/**
 * The fields of TensorFlow's SavedModel protocol buffer that a graph of ours needs; numbers as in TensorFlow.
 */
const descriptor = {
  nested: {
    SavedModel: {
      fields: {
        saved_model_schema_version: { type: 'int64', id: 1 },
        meta_graphs: { rule: 'repeated', type: 'MetaGraphDef', id: 2 },
      },
    },
    MetaGraphDef: {
      fields: { meta_info_def: { type: 'MetaInfoDef', id: 1 }, graph_def: { type: 'GraphDef', id: 2 } },
    },
    MetaInfoDef: { fields: { tags: { rule: 'repeated', type: 'string', id: 4 } } },
    GraphDef: {
      fields: {
        node: { rule: 'repeated', type: 'NodeDef', id: 1 },
        versions: { type: 'VersionDef', id: 4 },
      },
    },
    VersionDef: { fields: { producer: { type: 'int32', id: 1 } } },
    NodeDef: {
      fields: {
        name: { type: 'string', id: 1 },
        op: { type: 'string', id: 2 },
        input: { rule: 'repeated', type: 'string', id: 3 },
        attr: { keyType: 'string', type: 'AttrValue', id: 5 },
      },
    },
    AttrValue: {
      oneofs: { value: { oneof: ['list', 's', 'i', 'f', 'b', 'type', 'shape', 'tensor'] } },
      fields: {
        list: { type: 'ListValue', id: 1 },
        s: { type: 'bytes', id: 2 },
        i: { type: 'int64', id: 3 },
        f: { type: 'float', id: 4 },
        b: { type: 'bool', id: 5 },
        type: { type: 'int32', id: 6 },
        shape: { type: 'TensorShape', id: 7 },
        tensor: { type: 'TensorProto', id: 8 },
      },
    },
    ListValue: { fields: { i: { rule: 'repeated', type: 'int64', id: 3 } } },
    TensorProto: {
      fields: {
        dtype: { type: 'int32', id: 1 },
        tensor_shape: { type: 'TensorShape', id: 2 },
        tensor_content: { type: 'bytes', id: 4 },
      },
    },
    TensorShape: { fields: { dim: { rule: 'repeated', type: 'Dim', id: 2 } } },
    Dim: { fields: { size: { type: 'int64', id: 1 } } },
  },
} as const;

interface ShapeDef {
  readonly dim: readonly { readonly size: number }[];
}

export type AttributeDef =
  | { readonly list: { readonly i: readonly number[] } }
  | { readonly s: Uint8Array }
  | { readonly i: number }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly type: number }
  | { readonly shape: ShapeDef }
  | {
      readonly tensor: {
        readonly dtype: number;
        readonly tensor_shape: ShapeDef;
        readonly tensor_content: Uint8Array;
      };
    };

/** One operation of a TensorFlow graph; inputs are `name`, `name:output` or `^name` (control edge). */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, AttributeDef>>;
}

export const shapeDef = (shape: readonly number[]): ShapeDef => ({ dim: shape.map((size) => ({ size })) });

/** GraphDef version written: that of TensorFlow 2.9, which every later release reads. */
const PRODUCER = 1087;

/** Bytes of `saved_model.pb` for a graph; the one meta graph has the tag `serve`. */
export const encodeSavedModel = (nodes: readonly NodeDef[]): Uint8Array => {
  const type = protobuf.Root.fromJSON(descriptor as unknown as protobufjs.INamespace).lookupType(
    'SavedModel',
  );
  return type
    .encode(
      type.fromObject({
        saved_model_schema_version: 1,
        meta_graphs: [
          {
            meta_info_def: { tags: ['serve'] },
            graph_def: { node: nodes, versions: { producer: PRODUCER } },
          },
        ],
      }),
    )
    .finish();
};
