// What a task waits for that there is too little of: what pressure stall information counts. Linux Documentation/accounting/psi.rst.

export const PRESSURE_CPU = 0;
export const PRESSURE_IO = 1;
export const PRESSURE_MEMORY = 2;
export const PRESSURES = 3;
