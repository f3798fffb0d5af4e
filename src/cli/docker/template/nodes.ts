// A template's tree. Go's text/template/parse.

interface Word {
  text: string;
  /** Its column; of fields behind a term, that of the first of them. */
  at: number;
}

export type Expression = Word &
  (
    | { kind: 'literal'; value: unknown }
    | { kind: 'nil' | 'dot' }
    /** `.A.B` of the dot. */
    | { kind: 'field'; names: readonly string[] }
    /** `$x.A`. */
    | { kind: 'variable'; name: string; names: readonly string[] }
    | { kind: 'function'; name: string }
    | { kind: 'pipeline'; pipeline: Pipeline }
    /** `(...).A`. */
    | { kind: 'chain'; of: Expression; names: readonly string[] }
  );

export interface Command {
  words: readonly Expression[];
  text: string;
  /** Column of its first word. */
  at: number;
}

export interface Pipeline {
  variables: readonly string[];
  /** `=`, where `:=` declares. */
  assigns: boolean;
  commands: readonly Command[];
  text: string;
  at: number;
}

export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'action'; pipeline: Pipeline }
  | { kind: 'if' | 'with' | 'range'; pipeline: Pipeline; body: readonly Node[]; otherwise: readonly Node[] }
  | { kind: 'template'; name: string; pipeline?: Pipeline; text: string; at: number }
  | { kind: 'break' | 'continue' };

/** A fault of the template, or of what it does, in Go's words. */
export class TemplateError extends Error {
  constructor(
    message: string,
    readonly phase: 'parse' | 'execute',
  ) {
    super(message);
  }
}
