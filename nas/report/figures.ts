import type { TopLevelSpec } from 'vega-lite';
import { architectureGraphs } from './architectures/drawings.ts';
import { graphText, type Direction } from './architectures/graph.ts';
import { renderGraph } from './architectures/render-graph.ts';
import { metricOf } from '../task/terms.ts';
import { scoreBySize } from './charts/accuracy-by-size.ts';
import { candidateScores } from './charts/candidate-scores.ts';
import { difference } from './charts/difference.ts';
import { edgeWeights } from './charts/edge-weights.ts';
import { evaluationCurves } from './charts/evaluation-curves.ts';
import { hasPairs, pairedSearches } from './charts/paired-searches.ts';
import { proxyFidelity } from './charts/proxy-fidelity.ts';
import { proxyGate } from './charts/proxy-gate.ts';
import { renderChart } from './charts/render-chart.ts';
import { retrainingCurves } from './charts/retraining-curves.ts';
import { searchCurves } from './charts/search-curves.ts';
import {
  controllerEntropy,
  controllerRewards,
  controllerSkipRate,
  hessianEigenvalue,
  skipConnections,
} from './charts/search-diagnostics.ts';
import { searchRegret } from './charts/search-regret.ts';
import { trialFront } from './charts/trial-front.ts';
import { trialScores } from './charts/trial-scores.ts';
import { testScores } from './charts/test-accuracies.ts';
import { timeline } from './charts/timeline.ts';
import { themeColours } from './charts/theme.ts';
import { measureSlug, measuresOf } from './trial-measures.ts';
import type { RunReport } from './run-report.ts';

/** By the names of their files, which were named when every metric was an accuracy. */
const CHARTS = {
  difference: ({ verdict, configuration }: RunReport) =>
    verdict === undefined ? undefined : difference(verdict, metricOf(configuration)),
  'test-accuracies': (report: RunReport) => (hasPairs(report) ? pairedSearches(report) : testScores(report)),
  'search-loss': (report: RunReport) => searchCurves(report, 'trainLoss'),
  'search-accuracy': (report: RunReport) => searchCurves(report, 'trainAccuracy'),
  'edge-weights': edgeWeights,
  'skip-connections': skipConnections,
  'hessian-eigenvalue': hessianEigenvalue,
  'controller-rewards': controllerRewards,
  'controller-entropy': controllerEntropy,
  'controller-skip-rate': controllerSkipRate,
  'trial-scores': trialScores,
  'search-regret': searchRegret,
  'candidate-scores': candidateScores,
  'proxy-gate': proxyGate,
  'proxy-fidelity': proxyFidelity,
  'retraining-curves': retrainingCurves,
  'accuracy-by-size': scoreBySize,
  'evaluation-curves': evaluationCurves,
  timeline,
} as const;
/** A graph of a contender's architecture, by its name. */
type ArchitectureFigure = `${'winner' | 'baseline'}-${string}-${Direction}`;
/** Score of trials against a measure, by its slug. */
type FrontFigure = `front-${string}`;
export type FigureName = keyof typeof CHARTS | ArchitectureFigure | FrontFigure;

export const frontFigure = (measure: string): FrontFigure => `front-${measureSlug(measure)}`;

/** SVG documents by name; absent where the run has nothing to show. */
export type Figures = Readonly<Partial<Record<FigureName, string>>>;

/** Several drawings share a page, so the names inside each must be its own. */
const ownNames = (name: string, svg: string): string =>
  svg.replace(/\b(id="|url\(#)/g, `$1${name}-`).replace(/<title>[^<]*<\/title>\n?/g, '');

/** All charts of a report, and its contenders' architectures. */
export const renderFigures = async (report: RunReport): Promise<Figures> => {
  const figures: Partial<Record<FigureName, string>> = {};
  const draw = async (name: FigureName, spec: TopLevelSpec | undefined): Promise<void> => {
    if (spec !== undefined) figures[name] = ownNames(name, await renderChart(spec));
  };
  for (const [name, specOf] of Object.entries(CHARTS)) await draw(name as FigureName, specOf(report));
  for (const measure of measuresOf(report)) await draw(frontFigure(measure), trialFront(report, measure));
  for (const who of ['winner', 'baseline'] as const) {
    const genotype = report[who]?.genotype;
    if (genotype === undefined) continue;
    for (const graph of architectureGraphs(report.configuration.space, genotype))
      for (const direction of ['across', 'upright'] as const) {
        const name: ArchitectureFigure = `${who}-${graph.name}-${direction}`;
        figures[name] = ownNames(name, themeColours(await renderGraph(graphText(graph, direction))));
      }
  }
  return figures;
};
