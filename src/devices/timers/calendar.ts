// Seconds since 1970 to a date of the Gregorian calendar and back, for any numbers that a guest writes.
// Source: ISO 8601; the civil-from-days method (eras of 400 years, years beginning in March).

export interface CivilTime {
  year: number;
  /** 1 to 12. */
  month: number;
  /** 1 to 31. */
  day: number;
  /** 0 is Sunday. */
  weekday: number;
  hour: number;
  minute: number;
  second: number;
}

const DAY = 86400;
const ERA_DAYS = 146097;
/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH = 719468;

export function civilTime(seconds: number): CivilTime {
  const days = Math.floor(seconds / DAY);
  const rest = seconds - days * DAY;
  const shifted = days + EPOCH;
  const era = Math.floor(shifted / ERA_DAYS);
  const dayOfEra = shifted - era * ERA_DAYS;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: era * 400 + yearOfEra + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
    weekday: (((days + 4) % 7) + 7) % 7,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
  };
}

/** A month or a day out of range counts on into the next year or month. */
export function civilSeconds(time: Omit<CivilTime, 'weekday'>): number {
  const monthsFromMarch = time.year * 12 + time.month - 3;
  const year = Math.floor(monthsFromMarch / 12);
  const marchMonth = monthsFromMarch - year * 12;
  const leapDays = Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
  const days = year * 365 + leapDays + Math.floor((153 * marchMonth + 2) / 5) + time.day - 1 - EPOCH;
  return days * DAY + time.hour * 3600 + time.minute * 60 + time.second;
}
