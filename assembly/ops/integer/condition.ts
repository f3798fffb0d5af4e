// SETcc and CMOVcc. SDM vol. 2; conditions: vol. 1 appendix B.
import { fault, faulted } from '../../cpu/fault';
import { cf, ovf, pf, sf, zf } from '../../cpu/flags';
import { U_RM, UOP_SIZE } from '../../uop';
import { next, writeE8 } from '../operand';
import { putG, readE } from '../operand-sized';

// @ts-ignore: decorator
@inline function setTo(u: usize, condition: bool): usize {
  const value: u32 = condition ? 1 : 0;
  const slot: usize = load<u16>(u, U_RM);
  if (slot) {
    store<u8>(slot, value);
    return u + UOP_SIZE;
  }
  return writeE8(u, value) ? next(u) : fault(u);
}

/** The source is read, and may fault, whatever the condition. */
// @ts-ignore: decorator
@inline function moveIf<T>(u: usize, condition: bool): usize {
  const value = readE<T>(u);
  if (faulted()) return fault(u);
  if (condition) putG<T>(u, value);
  return u + UOP_SIZE;
}

export function seto(u: usize): usize { return setTo(u, ovf()); }
export function setno(u: usize): usize { return setTo(u, !ovf()); }
export function setb(u: usize): usize { return setTo(u, cf() != 0); }
export function setnb(u: usize): usize { return setTo(u, cf() == 0); }
export function setz(u: usize): usize { return setTo(u, zf()); }
export function setnz(u: usize): usize { return setTo(u, !zf()); }
export function setbe(u: usize): usize { return setTo(u, cf() != 0 || zf()); }
export function setnbe(u: usize): usize { return setTo(u, cf() == 0 && !zf()); }
export function sets(u: usize): usize { return setTo(u, sf()); }
export function setns(u: usize): usize { return setTo(u, !sf()); }
export function setp(u: usize): usize { return setTo(u, pf()); }
export function setnp(u: usize): usize { return setTo(u, !pf()); }
export function setl(u: usize): usize { return setTo(u, sf() != ovf()); }
export function setnl(u: usize): usize { return setTo(u, sf() == ovf()); }
export function setle(u: usize): usize { return setTo(u, zf() || sf() != ovf()); }
export function setnle(u: usize): usize { return setTo(u, !zf() && sf() == ovf()); }

export function cmovo16(u: usize): usize { return moveIf<u16>(u, ovf()); }
export function cmovo32(u: usize): usize { return moveIf<u32>(u, ovf()); }
export function cmovno16(u: usize): usize { return moveIf<u16>(u, !ovf()); }
export function cmovno32(u: usize): usize { return moveIf<u32>(u, !ovf()); }
export function cmovb16(u: usize): usize { return moveIf<u16>(u, cf() != 0); }
export function cmovb32(u: usize): usize { return moveIf<u32>(u, cf() != 0); }
export function cmovnb16(u: usize): usize { return moveIf<u16>(u, cf() == 0); }
export function cmovnb32(u: usize): usize { return moveIf<u32>(u, cf() == 0); }
export function cmovz16(u: usize): usize { return moveIf<u16>(u, zf()); }
export function cmovz32(u: usize): usize { return moveIf<u32>(u, zf()); }
export function cmovnz16(u: usize): usize { return moveIf<u16>(u, !zf()); }
export function cmovnz32(u: usize): usize { return moveIf<u32>(u, !zf()); }
export function cmovbe16(u: usize): usize { return moveIf<u16>(u, cf() != 0 || zf()); }
export function cmovbe32(u: usize): usize { return moveIf<u32>(u, cf() != 0 || zf()); }
export function cmovnbe16(u: usize): usize { return moveIf<u16>(u, cf() == 0 && !zf()); }
export function cmovnbe32(u: usize): usize { return moveIf<u32>(u, cf() == 0 && !zf()); }
export function cmovs16(u: usize): usize { return moveIf<u16>(u, sf()); }
export function cmovs32(u: usize): usize { return moveIf<u32>(u, sf()); }
export function cmovns16(u: usize): usize { return moveIf<u16>(u, !sf()); }
export function cmovns32(u: usize): usize { return moveIf<u32>(u, !sf()); }
export function cmovp16(u: usize): usize { return moveIf<u16>(u, pf()); }
export function cmovp32(u: usize): usize { return moveIf<u32>(u, pf()); }
export function cmovnp16(u: usize): usize { return moveIf<u16>(u, !pf()); }
export function cmovnp32(u: usize): usize { return moveIf<u32>(u, !pf()); }
export function cmovl16(u: usize): usize { return moveIf<u16>(u, sf() != ovf()); }
export function cmovl32(u: usize): usize { return moveIf<u32>(u, sf() != ovf()); }
export function cmovnl16(u: usize): usize { return moveIf<u16>(u, sf() == ovf()); }
export function cmovnl32(u: usize): usize { return moveIf<u32>(u, sf() == ovf()); }
export function cmovle16(u: usize): usize { return moveIf<u16>(u, zf() || sf() != ovf()); }
export function cmovle32(u: usize): usize { return moveIf<u32>(u, zf() || sf() != ovf()); }
export function cmovnle16(u: usize): usize { return moveIf<u16>(u, !zf() && sf() == ovf()); }
export function cmovnle32(u: usize): usize { return moveIf<u32>(u, !zf() && sf() == ovf()); }
