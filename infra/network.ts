import {
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  SubnetType,
  Vpc,
  type IVpc,
  type SubnetSelection,
} from 'aws-cdk-lib/aws-ec2';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Construct } from 'constructs';

interface NetworkProps {
  /**
   * Availability zones, 1 to 6.
   *
   * @default 3
   */
  readonly zones?: number;
  /**
   * NAT gateways, at most one a zone.
   *
   * @default 1
   */
  readonly natGateways?: number;
  /**
   * Days that flow logs are kept.
   *
   * @default - for ever
   */
  readonly logRetention?: RetentionDays;
}

/**
 * A network of its own. Everything runs in private subnets, which nothing outside can reach; S3, where all
 * the bytes go, is reached through a gateway endpoint that costs nothing.
 */
export class Network extends Construct {
  readonly vpc: IVpc;
  readonly privateSubnets: SubnetSelection = { subnetType: SubnetType.PRIVATE_WITH_EGRESS };

  constructor(scope: Construct, id: string, props: NetworkProps = {}) {
    super(scope, id);
    const { zones = 3, natGateways = 1 } = props;
    const vpc = new Vpc(this, 'Vpc', {
      maxAzs: zones,
      natGateways: Math.min(natGateways, zones),
      subnetConfiguration: [
        { name: 'private', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 20 },
        // Holds the NAT gateways and nothing else.
        { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 28, mapPublicIpOnLaunch: false },
      ],
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
    });
    vpc.addFlowLog('FlowLog', {
      destination: FlowLogDestination.toCloudWatchLogs(
        new LogGroup(this, 'FlowLogs', {
          ...(props.logRetention === undefined ? {} : { retention: props.logRetention }),
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      ),
    });
    // The library's interfaces leave `undefined` out of what its classes return.
    this.vpc = vpc as IVpc;
  }
}
