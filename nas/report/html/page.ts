import { architectureGraphs, graphTitle } from '../architectures/drawings.ts';
import { auditTable } from '../audit-table.ts';
import { stringify } from 'yaml';
import {
  claimText,
  differenceText,
  durabilityText,
  fidelityText,
  frontText,
  givenText,
  headline,
  otherwiseText,
  judgeText,
  regretText,
  searchesText,
  sideOf,
} from '../statements.ts';
import {
  attemptTable,
  candidateTable,
  evaluationTable,
  failureTable,
  waitTable,
  identityTable,
  judgeTable,
  pairTable,
  receiptTable,
  retrainingTable,
  spendingTable,
  toldAttempts,
} from '../tables.ts';
import { hasPairs } from '../charts/paired-searches.ts';
import { frontFigure } from '../figures.ts';
import type { Figures } from '../figures.ts';
import { measuresOf, measureTitle } from '../trial-measures.ts';
import { cellTitle, longNames, randomCellName, searchTitle } from '../names.ts';
import { metricOf } from '../../task/terms.ts';
import { capitalised, duration, instant, quantity, scored } from '../format.ts';
import { specimenOf } from '../specimen.ts';
import type { RunReport } from '../run-report.ts';
import { details, escapeHtml, figure, htmlTable, paragraph, section } from './markup.ts';
import { STYLE } from './style.ts';

const contender = (report: RunReport, who: 'winner' | 'baseline'): string => {
  const [view, test] = [report[who], sideOf(report, who)];
  if (view === undefined || test === undefined) return '';
  const { genotype, validationAccuracy } = view;
  const metric = metricOf(report.configuration);
  const trained = report.evaluations.find((entry) => entry.contender === who && entry.genotype === genotype);
  const bySearch = report.verdict?.claim === 'search';
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['best', `${scored(metric, test.best)} of n = ${test.n} ${bySearch ? 'searches' : 'seeds'}`],
    [
      bySearch ? 'the cell below' : 'test',
      bySearch
        ? `${scored(metric, view.test.mean)} ± ${metric.formatSpread(view.test.sd, view.test.mean)}`
        : undefined,
    ],
    [
      'validation',
      validationAccuracy === undefined
        ? undefined
        : `${scored(metric, validationAccuracy)} at stage-2 fidelity`,
    ],
    [
      'size',
      trained &&
        `${quantity(trained.parameters)} parameters, ${quantity(trained.multiplyAdds)} multiply-adds`,
    ],
    [
      'memory',
      trained?.activationBytes === undefined
        ? undefined
        : `${quantity(trained.activationBytes)}B of activations a minibatch`,
    ],
  ];
  const rows = facts.flatMap(([name, value]) =>
    value === undefined ? [] : [`<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`],
  );
  const spread = test.n > 1 ? ` <small>± ${metric.formatSpread(test.sd, test.mean)}</small>` : '';
  return (
    `<div class="contender ${who}"><h3>${escapeHtml(longNames(report.configuration)[who])}</h3>` +
    `<div class="mean">${scored(metric, test.mean)}${spread}</div><dl>${rows.join('')}</dl></div>`
  );
};

const top = (report: RunReport, figures: Figures): string => {
  const tone = report.verdict?.kind ?? report.status;
  const contenders = contender(report, 'winner') + contender(report, 'baseline');
  const left =
    '<div>' +
    (contenders === '' ? '' : `<div class="contenders">${contenders}</div>`) +
    `${paragraph(claimText(report))}${paragraph(otherwiseText(report))}${paragraph(givenText(report))}</div>`;
  const right = figure(figures.difference, 'Difference', differenceText(report), 'difference');
  return `<div class="verdict ${tone}"><h2>${escapeHtml(headline(report))}</h2>${left}${right}</div>`;
};

const header = ({ runId, configuration, provenance, status }: RunReport): string => {
  const { endedAt, createdAt } = provenance;
  const lasted = endedAt && duration((Date.parse(endedAt) - Date.parse(createdAt)) / 1000);
  const facts = [
    `${configuration.strategy.name} on ${configuration.space.name}, ${configuration.task.data}`,
    `${status}${lasted === undefined ? '' : ` after ${lasted}`}`,
    `began ${instant(createdAt)}`,
  ];
  return `<header><h1>${escapeHtml(runId)}</h1>${facts.map((fact) => `<span>${escapeHtml(fact)}</span>`).join('')}</header>`;
};

/** Title and caption of what stage 3 measured. */
const testedCaption = (report: RunReport): readonly [title: string, caption: string] =>
  hasPairs(report)
    ? [
        'Every search',
        'Points are trainings, ticks their means; dashed lines are the means over the searches. The test split was read here and nowhere else.',
      ]
    : [
        'Every seed',
        'Lines join equal seeds; bars are mean ± standard deviation. The test split was read here and nowhere else.',
      ];

/** The graphs of a contender, each drawn across for wide screens and upright for narrow ones. */
const architecture = (report: RunReport, figures: Figures, who: 'winner' | 'baseline'): string => {
  const genotype = report[who]?.genotype;
  if (genotype === undefined) return '';
  const drawn = architectureGraphs(report.configuration.space, genotype)
    .flatMap((graph) =>
      (['across', 'upright'] as const).map((direction) =>
        figure(figures[`${who}-${graph.name}-${direction}`], graphTitle(graph), '', `cell ${direction}`),
      ),
    )
    .join('');
  return drawn === '' ? '' : `<div class="wide">${drawn}</div>`;
};

const genotypes = (report: RunReport): string => {
  const { configuration, pairs = [] } = report;
  const names = longNames(configuration);
  const printed =
    pairs.length < 2
      ? (['winner', 'baseline'] as const).map((who) => [names[who], report[who]?.genotype] as const)
      : pairs.flatMap(({ search, winner, baseline }) => [
          [`found by search seed ${search}`, winner.genotype] as const,
          [`found by its random search`, baseline.genotype] as const,
        ]);
  return details(
    `genotypes in print, and ${pairs.length < 2 ? randomCellName(configuration) : 'those of every search'}`,
    printed
      .flatMap(([name, genotype]) =>
        genotype === undefined
          ? []
          : [`<p>${escapeHtml(name)}</p><pre class="wrap">${escapeHtml(genotype)}</pre>`],
      )
      .join(''),
  );
};

const specimen = (report: RunReport): string => {
  const found = specimenOf(report);
  return found === undefined
    ? ''
    : `${paragraph(capitalised(found.caption))}<pre class="wrap">${escapeHtml(found.text)}</pre>`;
};

const attemptsTitle = ({ attempts }: RunReport): string => {
  const told = toldAttempts(attempts).length;
  return told === attempts.length
    ? `all ${told} attempts`
    : `${told} of ${attempts.length} attempts: those of trials that were disturbed, and all others`;
};

const RECEIPTS =
  'A job of this experiment was run twice, left alone and killed with SIGKILL; weights, optimiser, generators, data order and result were compared by hash.';

const reproduce = (report: RunReport): string => {
  const { configuration, provenance } = report;
  const yaml = stringify(configuration, { lineWidth: 110 });
  return [
    paragraph(
      'Save the document below as experiment.yaml and run it. Equal experiment hashes promise equal numbers, bit for bit, on equal hardware and thread counts.',
    ),
    `<pre>nas run experiment.yaml   # experiment hash ${escapeHtml(provenance.experimentHash.slice(0, 16))}…</pre>`,
    `<div class="facts">${htmlTable(identityTable(report))}</div>`,
    details('the whole experiment, every default spelt out', `<pre>${escapeHtml(yaml)}</pre>`),
  ].join('\n');
};

/** One page that needs nothing but itself: style and drawings are inside, no script, no request. */
export const htmlReport = (report: RunReport, figures: Figures): string => {
  const { name: measured } = metricOf(report.configuration);
  const receipts = htmlTable(receiptTable(report));
  const failures = htmlTable(failureTable(report));
  const waits = htmlTable(waitTable(report));
  const evaluations = htmlTable(evaluationTable(report));
  const retrainings = htmlTable(retrainingTable(report));
  const body = [
    header(report),
    top(report, figures),
    section(
      cellTitle(report.configuration),
      architecture(report, figures, 'winner'),
      genotypes(report),
      details(`${randomCellName(report.configuration)}, drawn`, architecture(report, figures, 'baseline')),
    ),
    failures === '' ? '' : section('Jobs that did not succeed', failures),
    waits === '' ? '' : section('Jobs that had to wait', waits),
    section(
      `Stage 3: test ${measured} over training seeds`,
      evaluations === ''
        ? ''
        : `<div class="grid">${figure(figures['test-accuracies'], ...testedCaption(report))}${figure(figures['evaluation-curves'], `Training ${measured}`)}<div>${htmlTable(pairTable(report))}${hasPairs(report) ? details('every training', evaluations) : evaluations}</div></div>`,
      specimen(report),
    ),
    section(
      'Stage 2: cells trained from scratch',
      retrainings === ''
        ? ''
        : `<div class="grid">${figure(
            figures['proxy-fidelity'],
            `Does the stage-1 score predict ${measured}?`,
            fidelityText(report),
          )}${figure(figures['retraining-curves'], `Validation ${measured} while training`)}${figure(figures['accuracy-by-size'], `${capitalised(measured)} and size`)}</div>${retrainings}`,
    ),
    section(
      searchTitle(report.configuration),
      report.searches.length === 0
        ? ''
        : `<div class="grid">${figure(figures['search-loss'], 'Training loss by search seed')}${figure(
            figures['search-accuracy'],
            `Training ${measured} by search seed`,
          )}${figure(
            figures['edge-weights'],
            'Weights of the operations',
            'The softmax of the alphas: of every edge, the operation that weighs most in the end.',
          )}${figure(figures['skip-connections'], 'Skip connections of the derived cells')}${figure(
            figures['hessian-eigenvalue'],
            'Curvature in the alphas',
            'Dominant eigenvalue of the validation loss’s Hessian; a steep rise foretells cells that do not generalise.',
          )}${figure(
            figures['controller-rewards'],
            'Rewards of the controller',
            `Validation ${metricOf(report.configuration).scoreName} of the architectures that it drew after each epoch, and their moving average.`,
          )}${figure(figures['controller-entropy'], 'Entropy of the controller')}${figure(
            figures['controller-skip-rate'],
            'Skip connections that the controller makes',
          )}${figure(
            figures['trial-scores'],
            'Scores of the trials',
            'In the order in which the search learnt them; lines are the best so far.',
          )}${figure(figures['search-regret'], 'Regret', regretText(report))}${measuresOf(report)
            .map((measure) =>
              figure(
                figures[frontFigure(measure)],
                `${capitalised(measured)} and ${measureTitle(measure, report.configuration)}`,
                frontText(report, measure),
              ),
            )
            .join(
              '',
            )}${figure(figures['proxy-gate'], 'Can the ranking be trusted?', report.gate?.text)}${figure(
            figures['candidate-scores'],
            'Scores of the candidates',
            searchesText(report),
          )}</div>`,
      paragraph(judgeText(report)),
      htmlTable(judgeTable(report)),
      details('the best candidates', htmlTable(candidateTable(report))),
    ),
    section(
      'Time, money and reclaims',
      paragraph(durabilityText(report)),
      htmlTable(spendingTable(report), true),
      figure(figures.timeline, 'Attempts over time', '✕ marks a reclaim', 'time'),
      details(attemptsTitle(report), htmlTable(attemptTable(report))),
    ),
    section('Resume receipts', paragraph(receipts === '' ? '' : RECEIPTS), receipts),
    report.audit === undefined ? '' : section('Changes while it ran', htmlTable(auditTable(report))),
    section('To repeat this run', reproduce(report)),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(report.runId)} — ${escapeHtml(headline(report))}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
${body.filter((part) => part !== '').join('\n')}
</main>
</body>
</html>
`;
};
