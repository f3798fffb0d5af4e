// $(( )): integers of 32 bits, C's operators by their precedence, and assignments. POSIX.1-2017, XCU 2.6.4.
#include "sh.h"

static const char *at;
static bool wrong;
static int depth;

static const struct { const char *text; int precedence; } operators[] = {
  {"||", 1}, {"&&", 2}, {"==", 6}, {"!=", 6}, {"<=", 7}, {">=", 7}, {"<<", 8}, {">>", 8}, {"|", 3}, {"^", 4}, {"&", 5}, {"<", 7}, {">", 7}, {"+", 9}, {"-", 9},
  {"*", 10}, {"/", 10}, {"%", 10},
};
enum { OPERATORS = sizeof operators / sizeof *operators };

static void blanks(void) { while (is_space(*at)) at++; }
static long expression(int precedence);

static long value_of(const char *name) {
  const char *text = get(name);
  long value = 0;
  if (text && *text && !number(text, 10, &value)) wrong = true;
  return value;
}

static long unary(void) {
  blanks();
  if (++depth > 200) wrong = true;
  long value = 0;
  if (wrong) return 0;
  char c = *at;
  if (c == '-' || c == '+' || c == '!' || c == '~') {
    at++;
    value = unary();
    value = c == '-' ? (long)(0 - (unsigned long)value) : c == '!' ? !value : c == '~' ? ~value : value;
  } else if (c == '(') {
    at++;
    value = expression(0);
    blanks();
    if (*at++ != ')') wrong = true, at--;
  } else if (is_digit(c)) {
    int base = c == '0' && (at[1] | 32) == 'x' ? 16 : c == '0' ? 8 : 10;
    if (base == 16) at += 2;
    for (; is_digit(*at) || (base == 16 && (*at | 32) >= 'a' && (*at | 32) <= 'f'); at++)
      value = (unsigned long)value * base + (is_digit(*at) ? *at - '0' : (*at | 32) - 'a' + 10);
  } else if (is_name(c)) {
    const char *from = at;
    while (is_name(*at)) at++;
    char *name = copy(from, at - from);
    blanks();
    char how = *at;
    if (how == '=' && at[1] != '=') {
      at++;
      value = expression(0);
    } else if (how && strchr("+-*/%", how) && at[1] == '=') {
      at += 2;
      long old = value_of(name), other = expression(0);
      if ((how == '/' || how == '%') && !other) wrong = true;
      else value = how == '+' ? old + other : how == '-' ? old - other : how == '*' ? old * other : how == '/' ? old / other : old % other;
    } else {
      depth--;
      return value_of(name);
    }
    char text[16];
    format(text, sizeof text, "%d", (int)value);
    if (!wrong) set(name, text);
  } else wrong = true;
  depth--;
  return value;
}

static long apply(const char *how, long a, long b) {
  unsigned long x = a, y = b;
  switch (how[0] << 8 | how[1]) {
    case '|' << 8 | '|': return a || b;
    case '&' << 8 | '&': return a && b;
    case '=' << 8 | '=': return a == b;
    case '!' << 8 | '=': return a != b;
    case '<' << 8 | '=': return a <= b;
    case '>' << 8 | '=': return a >= b;
    case '<' << 8 | '<': return x << (y & 31);
    case '>' << 8 | '>': return a >> (y & 31);
    case '|' << 8: return a | b;
    case '^' << 8: return a ^ b;
    case '&' << 8: return a & b;
    case '<' << 8: return a < b;
    case '>' << 8: return a > b;
    case '+' << 8: return x + y;
    case '-' << 8: return x - y;
    case '*' << 8: return x * y;
  }
  if (!b || b == -1) return b ? (*how == '/' ? (long)(0 - x) : 0) : (wrong = true, 0);
  return *how == '/' ? a / b : a % b;
}

static long expression(int precedence) {
  long value = unary();
  while (!wrong) {
    blanks();
    int i = 0;
    while (i < OPERATORS && strncmp(at, operators[i].text, strlen(operators[i].text))) i++;
    if (i == OPERATORS || operators[i].precedence <= precedence) break;
    at += strlen(operators[i].text);
    value = apply(operators[i].text, value, expression(operators[i].precedence));
  }
  blanks();
  if (precedence || wrong || *at != '?') return value;
  at++;
  long yes = expression(0);
  blanks();
  if (*at++ != ':') return wrong = true, at--, 0;
  long no = expression(0);
  return value ? yes : no;
}

bool arithmetic(const char *text, long *value) {
  const char *outer = at;
  at = text;
  wrong = false;
  depth = 0;
  blanks();
  *value = *at ? expression(0) : 0;
  blanks();
  bool good = !wrong && !*at;
  at = outer;
  return good;
}
