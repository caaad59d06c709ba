/**
 * Short names for the records of the API, whose types are made from the
 * server's description.
 */

import type { components } from './schema';

type Schemas = components['schemas'];

export type IVersion = Schemas['Version'];
export type IQuestion = Schemas['Question'];
export type INotebookCell = Schemas['NotebookCell'];
export type IState = Schemas['State'];
export type ICellState = Schemas['CellState'];
export type ICellFacts = Schemas['CellFacts'];
export type IEdge = Schemas['Edge'];
export type IEffect = Schemas['Effect'];
export type IHistory = Schemas['History'];
export type ICheckpoint = Schemas['HistoryRow'];
export type IDifference = Schemas['Difference'];
export type INameChange = Schemas['NameChange'];
export type ISources = Schemas['Sources'];
export type IOutputs = Schemas['Outputs'];
export type IRewindAnswer = Schemas['RewindAnswer'];
export type IRewindReport = Schemas['RewindReport'];
export type IPeek = Schemas['Peek'];
export type ISpan = Schemas['Span'];
export type IPlan = Schemas['Plan'];
export type IPlanStep = Schemas['PlanStep'];
export type IStorage = Schemas['Storage'];
export type INotebookStorage = Schemas['NotebookStorage'];
export type IStoredNotebook = Schemas['StoredNotebook'];
export type IStoredShare = Schemas['StoredShare'];
export type ICleanup = Schemas['Cleanup'];
export type IEvicted = Schemas['Evicted'];
export type IBudget = Schemas['Budget'];
export type IForgotten = Schemas['Forgotten'];
export type ITasks = Schemas['Tasks'];
export type ICellTasks = Schemas['CellTasks'];
export type ITaskManager = Schemas['TaskManager'];
export type ITaskReason = Schemas['TaskReason'];
export type ILocalWorker = Schemas['LocalWorker'];
export type IMoment = Schemas['Moment'];
export type ITaskList = Schemas['TaskList'];
export type ITaskFacts = Schemas['TaskFacts'];
export type ITaskLogFacts = Schemas['TaskLogFacts'];
export type ITaskLogText = Schemas['TaskLogText'];
export type IPackage = Schemas['Package'];
export type IPackageCell = Schemas['PackageCell'];
export type IPackageParts = Schemas['PackageParts'];
export type IPackageJob = Schemas['PackageJob'];
export type IPackageSigner = Schemas['PackageSigner'];
export type IExportPreview = Schemas['ExportPreview'];
export type IExportRequest = Schemas['ExportRequest'];
export type IExported = Schemas['Exported'];
export type PlanTarget = IPlan['target'];
export type PlanActionWord = Schemas['PlanAction']['action'];
export type Freshness = NonNullable<ICellState['freshness']>;
