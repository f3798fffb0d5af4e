// The page: its colours and tabs, the race and the visitor's machine, and the beat in which they are brought up to date.
// Ours.
import './style.css';
import { canShare } from './machine/remote-machine.js';
import { allowInlineStyles } from './ui/inline-styles.js';
import { notice } from './ui/notice.js';
import { byId } from './ui/element.js';
import { isImage } from './ui/file-kinds.js';
import { foldersOf } from './containers/given-files.js';
import { acceptDrops } from './ui/own-files.js';
import { OwnMachine } from './ui/own-machine.js';
import { isLayer, RootView } from './ui/root-view.js';
import { startRace } from './ui/race.js';
import { startTabs } from './ui/tabs.js';
import type { Dial, OnWire } from './ports/wire.js';
import type { ContainersView } from './ui/containers/containers-view.js';
import { startTheme } from './ui/theme.js';

/** Milliseconds between two looks at the consoles, and at the counters. */
const CONSOLES = 33;
const COUNTERS = 400;

allowInlineStyles();
startTheme();
startTabs((panel) => {
  if (panel === 'containers') void containers();
});
const race = startRace();
const own = new OwnMachine();
const root = new RootView();
acceptDrops(
  (on) => {
    byId('over').hidden = !on;
  },
  (files, dropped) => {
    const folders = foldersOf(dropped);
    if (folders.length > 0) void fill(folders);
    else void sort(files);
  },
);

let started: Promise<ContainersView | undefined> | undefined;

/** The engine and its view are loaded when somebody wants them; undefined: they can't begin. */
async function containers(): Promise<ContainersView | undefined> {
  started ??= import('./ui/containers/containers-view.js').then((module) => module.ContainersView.start());
  const view = await started;
  // another tab that had the files may be gone the next time
  if (!view) started = undefined;
  return view;
}

/** Folders become volumes of containers. */
async function fill(folders: readonly FileSystemDirectoryEntry[]): Promise<void> {
  byId('tab-containers').click();
  const view = await containers();
  for (const folder of folders) await view?.fill(folder);
}

/** What is dropped goes where it is of use: images and, where containers are shown, other tars to these; tars are a root's, all else is a machine's. */
async function sort(files: readonly File[]): Promise<void> {
  const images: File[] = [];
  const layers: File[] = [];
  const others: File[] = [];
  const shown = !byId('containers').hidden;
  for (const file of files) {
    // a file that can't be read is for the machine to complain about
    const tar = await isLayer(file).catch(() => false);
    const image = tar ? shown || (await isImage(file).catch(() => false)) : /\.tar\.zst$/i.test(file.name);
    (image ? images : tar ? layers : others).push(file);
  }
  if (images.length > 0) {
    byId('tab-containers').click();
    await (await containers())?.take(images, shown);
  }
  if (layers.length > 0) {
    byId('tab-root').click();
    root.take(layers);
  }
  if (others.length === 0) return;
  byId('tab-own').click();
  void own.take(others);
}

addEventListener('beforeunload', (event) => {
  if (race.busy || own.busy || root.busy) event.preventDefault();
});

if (!canShare()) {
  notice(
    'hint',
    'This page was served without cross-origin isolation, so machines send their output in messages: all works, somewhat slower.',
    'Serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.',
  );
}
setInterval(() => {
  const now = performance.now();
  race.poll(now);
  own.poll(now);
}, CONSOLES);
setInterval(() => {
  race.showRates();
  own.showRates();
}, COUNTERS);
// Who opens a container's port asks all pages, through the service worker, for the one that has it.
navigator.serviceWorker?.addEventListener('message', async ({ data, ports: [channel] }: MessageEvent<Dial>) => {
  const view = await started;
  if (view) view.dial(data, channel!);
  else channel?.postMessage({ over: 'elsewhere' } satisfies OnWire);
});
// The development server has nothing to keep.
if (import.meta.env.PROD) void navigator.serviceWorker?.register('./service-worker.js').catch(() => {});
