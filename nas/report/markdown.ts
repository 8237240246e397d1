import { stringify } from 'yaml';
import { architectureGraphs, graphTitle } from './architectures/drawings.ts';
import { auditTable } from './audit-table.ts';
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
  scoresText,
  searchesText,
  sideOf,
} from './statements.ts';
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
} from './tables.ts';
import type { Table } from './tables.ts';
import { frontFigure } from './figures.ts';
import type { FigureName, Figures } from './figures.ts';
import { measuresOf, measureTitle } from './trial-measures.ts';
import { capitalised } from './format.ts';
import { cellTitle, longNames, randomCellName, searchTitle } from './names.ts';
import { metricOf } from '../task/terms.ts';
import type { RunReport } from './run-report.ts';
import { specimenOf } from './specimen.ts';

const escapeCell = (text: string): string => text.replace(/[\\|]/g, '\\$&').replace(/\n/g, ' ');

const markdownTable = ({ columns, rows }: Table): string => {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
};

/** Text as it is: indented, since any fence could stand in it. */
const verbatim = (text: string): string => text.replace(/^/gm, '    ');

/** Where a figure lies beside the report. */
export const figurePath = (name: string): string => `figures/${name}.svg`;

/** The report as Markdown; drawings are files beside it. */
export const markdownReport = (report: RunReport, figures: Figures): string => {
  const { winner, baseline, configuration } = report;
  const names = longNames(configuration);
  const metric = metricOf(configuration);
  const { name: measured } = metric;
  const counted = report.verdict?.claim === 'search' ? ' searches' : '';
  const specimen = specimenOf(report);
  const image = (name: FigureName, title: string): string =>
    figures[name] === undefined ? '' : `![${title}](${figurePath(name)})`;
  const section = (title: string, ...parts: readonly (string | undefined)[]): string => {
    const body = parts.filter((part) => part !== undefined && part !== '').join('\n\n');
    return body === '' ? '' : `## ${title}\n\n${body}`;
  };
  const parts = [
    `# ${report.runId}`,
    `**${headline(report)}.**`,
    [
      ...(['winner', 'baseline'] as const).map((who) => {
        const test = sideOf(report, who);
        return test === undefined ? '' : `- ${names[who]}: **${scoresText(test, metric, counted)}**`;
      }),
      report.verdict === undefined ? '' : `- ${differenceText(report)}`,
    ]
      .filter((line) => line !== '')
      .join('\n'),
    claimText(report) ?? '',
    otherwiseText(report) ?? '',
    givenText(report) ?? '',
    section(
      cellTitle(configuration),
      ...(winner === undefined
        ? []
        : architectureGraphs(configuration.space, winner.genotype).map((graph) =>
            image(`winner-${graph.name}-across`, graphTitle(graph)),
          )),
      winner && `\`\`\`\n${winner.genotype}\n\`\`\``,
      baseline && `${capitalised(randomCellName(configuration))}:\n\n\`\`\`\n${baseline.genotype}\n\`\`\``,
    ),
    section('Jobs that did not succeed', markdownTable(failureTable(report))),
    section('Jobs that had to wait', markdownTable(waitTable(report))),
    section(
      `Stage 3: test ${measured} over training seeds`,
      image('test-accuracies', `test ${measured} of every seed`),
      image('evaluation-curves', `training ${measured}`),
      markdownTable(pairTable(report)),
      markdownTable(evaluationTable(report)),
      specimen && `${capitalised(specimen.caption)}:\n\n${verbatim(specimen.text)}`,
    ),
    section(
      'Stage 2: cells trained from scratch',
      report.retrainings.length === 0 ? '' : fidelityText(report),
      image('proxy-fidelity', `stage-1 score against stage-2 ${measured}`),
      image('retraining-curves', `validation ${measured} while training`),
      image('accuracy-by-size', `validation ${measured} and multiply-adds`),
      markdownTable(retrainingTable(report)),
    ),
    section(
      searchTitle(configuration),
      searchesText(report),
      image('search-loss', 'training loss by search seed'),
      image('search-accuracy', `training ${measured} by search seed`),
      report.gate?.text,
      image('proxy-gate', `standing in the search against ${measured} after a short training`),
      image('edge-weights', 'weight of the strongest operation of every edge, by epoch'),
      image('skip-connections', 'skip connections of the derived cells, by epoch'),
      image('hessian-eigenvalue', 'dominant eigenvalue of the validation loss’s Hessian in the alphas'),
      image('controller-rewards', 'rewards of the controller and their moving average, by epoch'),
      image('controller-entropy', 'entropy of the controller, by epoch'),
      image('controller-skip-rate', 'share of skip connections that the controller makes, by epoch'),
      image('trial-scores', 'scores of the trials, and the best so far'),
      image('search-regret', 'distance of the best so far from the best in the table'),
      regretText(report),
      ...measuresOf(report).flatMap((measure) => [
        image(frontFigure(measure), `${measured} against ${measureTitle(measure, configuration)}`),
        frontText(report, measure),
      ]),
      judgeText(report),
      markdownTable(judgeTable(report)),
      image('candidate-scores', 'scores of the candidates'),
      markdownTable(candidateTable(report)),
    ),
    section(
      'Time, money and reclaims',
      durabilityText(report),
      markdownTable(spendingTable(report)),
      image('timeline', 'attempts over time'),
      markdownTable(attemptTable(report)),
    ),
    section('Resume receipts', markdownTable(receiptTable(report))),
    section('Changes while it ran', markdownTable(auditTable(report))),
    section(
      'To repeat this run',
      markdownTable(identityTable(report)),
      `\`\`\`yaml\n${stringify(configuration, { lineWidth: 110 })}\`\`\``,
    ),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
};
