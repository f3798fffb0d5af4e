// Words become fields: parameters, commands, arithmetic, then fields, names of files, quotes. POSIX.1-2017, XCU 2.6.
#include "sh.h"

/** What a letter is: it stands in the source, comes of an expansion, or is quoted; or a field ends here, whatever there is in it. */
enum class { PLAIN, EXPANDED, QUOTED, BREAK };
static struct expansion { char *letters, *classes; size_t length, room; bool any_quotes; } *out;

static void add(char letter, enum class class) {
  if (out->length == out->room) {
    size_t room = out->room ? out->room * 2 : 128;
    char *letters = allocate(room), *classes = allocate(room);
    memcpy(letters, out->letters, out->length);
    memcpy(classes, out->classes, out->length);
    out->letters = letters, out->classes = classes, out->room = room;
  }
  out->letters[out->length] = letter;
  out->classes[out->length++] = class;
}
static void add_text(const char *text, enum class class) {
  while (*text) add(*text++, class);
}

static void expand(const char *text, const char *end, bool quoted);

/** Expands a part of a word as `text_of` does: within an expansion. */
static char *part(const char *text, const char *end) {
  struct expansion *outer = out, inner = {0};
  out = &inner;
  expand(text, end, false);
  char *result = copy(inner.letters, inner.length);
  out = outer;
  return result;
}

static void command_substitution(const char *text, size_t length, bool quoted) {
  int pipe[2];
  char *commands = copy(text, length), bytes[4096];
  flush();
  if (call(pipe, pipe)) return;
  long child = start_child();
  if (child == 0) {
    call(close, pipe[0]);
    call(dup2, pipe[1], 1);
    call(close, pipe[1]);
    leave(run_text(commands));
  }
  call(close, pipe[1]);
  size_t newlines = 0;
  for (long got; (got = call(read, pipe[0], bytes, sizeof bytes)) > 0;)
    for (long i = 0; i < got; i++) {
      if (bytes[i] == '\n') newlines++;
      else if (bytes[i]) {
        for (; newlines; newlines--) add('\n', quoted ? QUOTED : EXPANDED);
        add(bytes[i], quoted ? QUOTED : EXPANDED);
      }
    }
  call(close, pipe[0]);
  shell.status = child > 0 ? wait_for(child) : 2;
}

/** $* and $@: every parameter. */
static void all_parameters(bool separate, bool quoted) {
  const char *separator = get("IFS");
  for (int i = 0; i < parameter_count; i++) {
    if (i && (separate || !quoted)) add(0, BREAK);
    else if (i) add(separator && !*separator ? 0 : separator ? *separator : ' ', QUOTED);
    if (quoted) out->any_quotes = true;
    add_text(parameters[i], quoted ? QUOTED : EXPANDED);
  }
}

static const char *value_of(const char *name) {
  static char number_text[16];
  long index;
  switch (*name) {
    case '?': format(number_text, sizeof number_text, "%d", shell.status); return number_text;
    case '#': format(number_text, sizeof number_text, "%d", parameter_count); return number_text;
    case '$': format(number_text, sizeof number_text, "%d", (int)shell.shell_pid); return number_text;
    case '!': format(number_text, sizeof number_text, "%d", (int)shell.background); return shell.background ? number_text : NULL;
    case '-': return shell.interactive ? "i" : "";
    case '0': return shell_name;
  }
  if (number(name, 10, &index)) return index <= parameter_count ? parameters[index - 1] : NULL;
  return get(name);
}

/** ${name}, ${#name}, ${name:-word} and its kin, ${name#pattern} and its kin. */
static void braces(const char *text, const char *end, bool quoted) {
  bool count = *text == '#' && text + 1 < end;
  if (count) text++;
  const char *name_end = text;
  if (is_digit(*text)) while (is_digit(*name_end)) name_end++;
  else if (is_name(*text)) while (is_name(*name_end)) name_end++;
  else name_end++;
  char *name = copy(text, name_end - text);
  if (!count && (*name == '@' || *name == '*') && name_end == end) return all_parameters(*name == '@', quoted);
  const char *value = value_of(name), *how = name_end;
  if (count) {
    char size[16];
    format(size, sizeof size, "%u", value ? strlen(value) : 0);
    return add_text(size, quoted ? QUOTED : EXPANDED);
  }
  bool colon = how < end && *how == ':', missing = !value || (colon && !*value);
  if (colon) how++;
  if (how < end && *how == '+') {
    if (!missing) expand(how + 1, end, quoted);
    return;
  }
  if (how < end && missing && strchr("-=?", *how)) {
    if (*how == '-') return expand(how + 1, end, quoted);
    char *word = part(how + 1, end);
    if (*how == '=') return set(name, word), add_text(word, quoted ? QUOTED : EXPANDED);
    complain("sh: %s: %s\n", name, *word ? word : "is not set");
    leave(2);
  }
  if (!value) return;
  if (how < end && (*how == '#' || *how == '%')) {
    bool longest = how + 1 < end && how[1] == *how, front = *how == '#';
    char *pattern = text_of(copy(how + 1 + longest, end - how - 1 - longest), true);
    long length = strlen(value);
    for (long i = 0; i <= length; i++) {
      long cut = longest ? length - i : i;
      char *piece = front ? copy(value, cut) : copy(value + length - cut, cut);
      if (!matches_pattern(pattern, piece)) continue;
      value = front ? value + cut : copy(value, length - cut);
      break;
    }
  }
  add_text(value, quoted ? QUOTED : EXPANDED);
}

/** What a '$' or '`' begins: where it ends. */
static const char *substitute(const char *text, bool quoted) {
  enum class class = quoted ? QUOTED : EXPANDED;
  const char *end = substitution_end(text);
  if (!end) return add('$', class), text + 1;
  if (*text == '`') {
    char *inner = copy(text + 1, end - text - 2), *to = inner;
    for (const char *from = inner; *from; from++) {
      if (*from == '\\' && strchr("$`\\", from[1]) && from[1]) from++;
      *to++ = *from;
    }
    return command_substitution(inner, to - inner, quoted), end;
  }
  if (text[1] == '{') return braces(text + 2, end - 1, quoted), end;
  if (text[1] == '(' && text[2] == '(' && end[-2] == ')') {
    long value = 0;
    char *expression = part(text + 3, end - 2), digits[16];
    if (!arithmetic(expression, &value)) {
      complain("sh: arithmetic: %s\n", expression);
      if (!shell.interactive) leave(2);
    }
    format(digits, sizeof digits, "%d", (int)value);
    return add_text(digits, class), end;
  }
  if (text[1] == '(') return command_substitution(text + 2, end - text - 3, quoted), end;
  const char *name_end = ++text;
  if (*text && strchr("?#$!@*-", *text)) name_end++;
  else if (is_digit(*text)) name_end++;
  else while (is_name(*name_end)) name_end++;
  if (name_end == text) return add('$', quoted ? QUOTED : PLAIN), text;
  if (*text == '@' || *text == '*') return all_parameters(*text == '@', quoted), name_end;
  const char *value = value_of(copy(text, name_end - text));
  if (value) add_text(value, class);
  return name_end;
}

static void expand(const char *text, const char *end, bool quoted) {
  if (!quoted && *text == '~' && (text + 1 == end || text[1] == '/') && get("HOME")) add_text(get("HOME"), QUOTED), text++;
  while (text < end) {
    char c = *text;
    if (c == '\\' && text + 1 < end) {
      if (quoted && !strchr("$`\"\\\n", text[1])) add('\\', QUOTED);
      if (text[1] != '\n') add(text[1], QUOTED);
      text += 2;
    } else if (c == '\'' && !quoted) {
      out->any_quotes = true;
      for (text++; text < end && *text != '\''; text++) add(*text, QUOTED);
      text++;
    } else if (c == '"') {
      if (!quoted && !(text[1] == '$' && text[2] == '@' && text[3] == '"')) out->any_quotes = true;
      quoted = !quoted;
      text++;
    } else if (c == '$' || c == '`') text = substitute(text, quoted);
    else add(*text++, quoted ? QUOTED : PLAIN);
  }
}

// ---- patterns and names --------------------------------------------------------------------------------------------------------

static long steps;
static bool matches_from(const char *pattern, const char *text) {
  for (; *pattern; text++) {
    if (++steps > 1000000) return false; // a pattern of many stars can ask for more than there is time for
    if (*pattern == '*') {
      while (*pattern == '*') pattern++;
      for (;; text++) {
        if (matches_from(pattern, text)) return true;
        if (!*text) return false;
      }
    }
    if (!*text) return false;
    if (*pattern == '?') pattern++;
    else if (*pattern == '[' && strchr(pattern + 2, ']')) {
      bool negated = *++pattern == '!' || *pattern == '^', found = false;
      if (negated) pattern++;
      do {
        if (*pattern == '\\' && pattern[1]) pattern++;
        if (pattern[1] == '-' && pattern[2] != ']') {
          if (pattern[0] <= *text && *text <= pattern[2]) found = true;
          pattern += 3;
        } else found |= *pattern++ == *text;
      } while (*pattern && *pattern != ']');
      if (found == negated || !*pattern++) return false;
    } else {
      if (*pattern == '\\' && pattern[1]) pattern++;
      if (*pattern++ != *text) return false;
    }
  }
  return !*text;
}
bool matches_pattern(const char *pattern, const char *text) {
  steps = 0;
  return matches_from(pattern, text);
}

static struct results { struct results *next; char *text; } **results_end;
static int results_count;
static void found(char *text) {
  struct results *result = allocate(sizeof *result);
  *result = (struct results){NULL, text};
  *results_end = result;
  results_end = &result->next;
  results_count++;
}

/** Names of files that match what is left of a pattern behind `directory`. */
static void names(const char *directory, const char *pattern, int depth) {
  while (*pattern == '/') directory = join(directory, ""), pattern++;
  const char *slash = strchr(pattern, '/');
  char *piece = slash ? copy(pattern, slash - pattern) : (char *)pattern, **entries;
  if (depth > 64 || list(*directory ? directory : ".", &entries) < 0) return;
  for (; *entries; entries++) {
    if (**entries == '.' && *piece != '.') continue;
    if (!matches_pattern(piece, *entries)) continue;
    char *path = *directory ? join(directory, *entries) : *entries;
    struct status status;
    if (!slash) found(path);
    else if (call(stat64, path, &status) == 0 && (status.mode & S_IFMT) == S_IFDIR) names(join(path, ""), slash + 1, depth + 1);
  }
}

/** A field of letters: names that it stands for, or itself. */
static void finish_field(const char *letters, const char *classes, size_t length) {
  bool pattern = false;
  char *escaped = allocate(length * 2 + 1), *to = escaped;
  for (size_t i = 0; i < length; i++) {
    if (classes[i] != QUOTED && strchr("*?[", letters[i])) pattern = true;
    if (classes[i] == QUOTED && strchr("*?[\\]", letters[i])) *to++ = '\\';
    *to++ = letters[i];
  }
  *to = 0;
  int before = results_count;
  if (pattern) names(*escaped == '/' ? "/" : "", *escaped == '/' ? escaped + 1 : escaped, 0);
  if (results_count == before) found(copy(letters, length));
}

static void split(const struct expansion *all) {
  const char *separators = get("IFS");
  if (!separators) separators = " \t\n";
  size_t from = 0;
  bool field = all->any_quotes, ended = false;
  for (size_t i = 0; i <= all->length; i++) {
    bool last = i == all->length;
    bool ends = last || all->classes[i] == BREAK || (all->classes[i] == EXPANDED && all->letters[i] && strchr(separators, all->letters[i]));
    if (!ends) {
      if (i == from) field = true;
      continue;
    }
    bool blank = !last && all->classes[i] == EXPANDED && is_space(all->letters[i]);
    if (i > from || (field && last && !ended) || (!last && !blank && all->classes[i] == EXPANDED) || (!last && all->classes[i] == BREAK && all->any_quotes))
      finish_field(all->letters + from, all->classes + from, i - from), ended = true;
    from = i + 1;
  }
}

char **fields(const struct word *words, int *count) {
  struct results *list = NULL, **outer_end = results_end;
  int outer_count = results_count;
  results_end = &list;
  results_count = 0;
  for (; words; words = words->next) {
    struct expansion *outer = out, all = {0};
    out = &all;
    expand(words->text, words->text + strlen(words->text), false);
    out = outer;
    split(&all);
  }
  char **result = allocate((results_count + 1) * sizeof *result);
  *count = 0;
  for (; list; list = list->next) result[(*count)++] = list->text;
  result[*count] = NULL;
  results_end = outer_end;
  results_count = outer_count;
  return result;
}

char *text_of(const char *word, bool pattern) {
  struct expansion *outer = out, all = {0};
  out = &all;
  expand(word, word + strlen(word), false);
  out = outer;
  char *text = allocate(all.length * 2 + 1), *to = text;
  for (size_t i = 0; i < all.length; i++) {
    if (all.classes[i] == BREAK) *to++ = ' ';
    else {
      if (pattern && all.classes[i] == QUOTED && strchr("*?[\\]", all.letters[i])) *to++ = '\\';
      *to++ = all.letters[i];
    }
  }
  *to = 0;
  return text;
}
