// What a snapshot calls things that are code: classes, functions and constants of the kernel's modules, by module and export.
// Bundlers rename classes, but not what a module exports.

/** A module's exports, by its name: 'fs/pipe'. */
export type Modules = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

type Class = abstract new (...args: never[]) => unknown;

const isClass = (value: unknown): value is Class =>
  typeof value === 'function' && value.prototype !== undefined && value.prototype.constructor === value;

export class Names {
  private readonly classes = new Map<object, string>();
  private readonly prototypes = new Map<string, object>();
  private readonly constants = new Map<unknown, string>();
  private readonly values = new Map<string, unknown>();

  constructor(modules: Modules) {
    for (const [module, exports] of Object.entries(modules))
      for (const [name, value] of Object.entries(exports)) {
        if (isClass(value)) this.addClass(`${module}/${name}`, value);
        if (typeof value === 'function' || (typeof value === 'object' && value !== null))
          this.addConstant(`${module}/${name}`, value);
      }
  }

  private addClass(name: string, value: Class): void {
    this.classes.set(value.prototype, name);
    this.prototypes.set(name, value.prototype);
    // SignalSet.NONE and the like, which others compare with
    for (const key of Object.getOwnPropertyNames(value)) {
      const { value: member } = Object.getOwnPropertyDescriptor(value, key)!;
      if (typeof member === 'object' && member !== null && key !== 'prototype')
        this.addConstant(`${name}.${key}`, member);
    }
  }

  private addConstant(name: string, value: unknown): void {
    if (this.constants.has(value)) return;
    this.constants.set(value, name);
    this.values.set(name, value);
  }

  /** The name of an object's class; undefined: it has none here. */
  classOf(object: object): string | undefined {
    return this.classes.get(Object.getPrototypeOf(object));
  }
  prototypeOf(name: string): object | undefined {
    return this.prototypes.get(name);
  }

  constantName(value: unknown): string | undefined {
    return this.constants.get(value);
  }
  constant(name: string): unknown {
    return this.values.get(name);
  }
}
