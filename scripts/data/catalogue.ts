/** A file of a data set's official distribution. */
interface OfficialFile {
  readonly name: string;
  /** Where it can be had: a URL that `nas data add` tries, or words. */
  readonly origin: string;
}

interface Entry {
  readonly title: string;
  readonly classes: readonly string[];
  readonly shape: readonly [number, number, number];
  readonly counts: { readonly train: number; readonly test: number };
  readonly source: string;
  readonly licence: string;
}

/**
 * Four idx files, each pinned by the SHA-256 of its uncompressed bytes, so that any compression of them
 * verifies.
 */
export interface IdxEntry extends Entry {
  readonly kind: 'idx';
  readonly files: Record<
    'trainImages' | 'trainLabels' | 'testImages' | 'testLabels',
    OfficialFile & { readonly sha256: string }
  >;
}

/** One tar.gz of CIFAR binary files, pinned by the MD5 that its author publishes. */
export interface CifarEntry extends Entry {
  readonly kind: 'cifar-binary';
  readonly archive: OfficialFile & { readonly md5: string };
  readonly labelBytes: 1 | 2;
  readonly trainFiles: readonly string[];
  readonly testFiles: readonly string[];
}

const FASHION_CLASSES = [
  't-shirt',
  'trouser',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'sneaker',
  'bag',
  'ankle boot',
] as const;

const FASHION_URL = 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/';
const FASHION_SOURCE = 'Fashion-MNIST (Xiao, Rasul & Vollgraf 2017), zalandoresearch/fashion-mnist';
const CIFAR_URL = 'https://www.cs.toronto.edu/~kriz/';
const CIFAR_LICENCE = 'none stated by the authors; cite Krizhevsky 2009';

const fashionFile = (name: string, sha256: string): OfficialFile & { sha256: string } => ({
  name,
  origin: `${FASHION_URL}${name}.gz`,
  sha256,
});

const shippedFile = (name: string, sha256: string): OfficialFile & { sha256: string } => ({
  name,
  origin: 'the repository of this product, folder data/fashion-mnist-small',
  sha256,
});

const CIFAR100_CLASSES =
  'apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can ' +
  'castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin ' +
  'elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster ' +
  'man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck ' +
  'pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk ' +
  'skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger ' +
  'tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm';

/** The data sets that `nas data add` knows by name. */
export const CATALOGUE = {
  'fashion-mnist': {
    kind: 'idx',
    title: 'Fashion-MNIST: 28 × 28 grey images of clothes',
    classes: FASHION_CLASSES,
    shape: [28, 28, 1],
    counts: { train: 60_000, test: 10_000 },
    source: FASHION_SOURCE,
    licence: 'MIT',
    files: {
      trainImages: fashionFile(
        'train-images-idx3-ubyte',
        'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
      ),
      trainLabels: fashionFile(
        'train-labels-idx1-ubyte',
        'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
      ),
      testImages: fashionFile(
        't10k-images-idx3-ubyte',
        '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
      ),
      testLabels: fashionFile(
        't10k-labels-idx1-ubyte',
        '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
      ),
    },
  },
  cifar10: {
    kind: 'cifar-binary',
    title: 'CIFAR-10: 32 × 32 colour images of 10 classes',
    classes: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
    shape: [32, 32, 3],
    counts: { train: 50_000, test: 10_000 },
    source: 'CIFAR-10 (Krizhevsky 2009)',
    licence: CIFAR_LICENCE,
    archive: {
      name: 'cifar-10-binary.tar.gz',
      origin: `${CIFAR_URL}cifar-10-binary.tar.gz`,
      md5: 'c32a1d4ab5d03f1284b67883e8d87530',
    },
    labelBytes: 1,
    trainFiles: [1, 2, 3, 4, 5].map((n) => `data_batch_${n}.bin`),
    testFiles: ['test_batch.bin'],
  },
  cifar100: {
    kind: 'cifar-binary',
    title: 'CIFAR-100: 32 × 32 colour images of 100 classes',
    classes: CIFAR100_CLASSES.split(' '),
    shape: [32, 32, 3],
    counts: { train: 50_000, test: 10_000 },
    source: 'CIFAR-100 (Krizhevsky 2009)',
    licence: CIFAR_LICENCE,
    archive: {
      name: 'cifar-100-binary.tar.gz',
      origin: `${CIFAR_URL}cifar-100-binary.tar.gz`,
      md5: '03b5dce01913d631647c71ecec9e9cb8',
    },
    labelBytes: 2,
    trainFiles: ['train.bin'],
    testFiles: ['test.bin'],
  },
} as const satisfies Record<string, IdxEntry | CifarEntry>;
export type KnownDataset = keyof typeof CATALOGUE;

/**
 * The stratified part of Fashion-MNIST that ships in `data/fashion-mnist-small`; see
 * `make-fashion-mnist-small.ts`.
 */
export const FASHION_SMALL = {
  kind: 'idx',
  title: 'Fashion-MNIST, stratified part that ships with the product',
  classes: FASHION_CLASSES,
  shape: [28, 28, 1],
  counts: { train: 8_000, test: 2_000 },
  source: `${FASHION_SOURCE}; 800 + 200 images a class, seed 0`,
  licence: 'MIT',
  files: {
    trainImages: shippedFile(
      'train-images-idx3-ubyte',
      'ec51d1de87b9d02515ed35d9f965e33ef718b43c36215126a1f7930d4f5f8080',
    ),
    trainLabels: shippedFile(
      'train-labels-idx1-ubyte',
      '74d0437c51944ff76d63f62401c4cf4e31f6ec4a70eec81470d134c55ad14925',
    ),
    testImages: shippedFile(
      't10k-images-idx3-ubyte',
      '205590a83a8ff0a6b15eee8c76c154a9ff648e548cc2c44f6efae709b442beb2',
    ),
    testLabels: shippedFile(
      't10k-labels-idx1-ubyte',
      'a72412acfeea07882ab7c7b3ff6f531ddd2aae439cc9ee455bc496f858435acc',
    ),
  },
} as const satisfies IdxEntry;
