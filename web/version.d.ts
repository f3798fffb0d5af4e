// What the build puts in (vite.config.ts).
declare const __VERSION__: string;
