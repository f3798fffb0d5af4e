// Commands as they are written to a tree. POSIX.1-2017, XCU 2.10.
#include "sh.h"

static struct source *source;
static bool wrong;
static int depth;
/** The token that is next: a word, an operator, '\n', or "" at the end. */
static struct { const char *text; bool is_word; } token;
static struct redirection *documents; // whose text follows the line
enum { LINE = 8192, DEPTH = 128 };

/** The next line of the source comes to the end of what is there: false at its end. */
static bool more(void) {
  if (source->fd < 0 || source->ended) return false;
  if (source->interactive) {
    flush();
    complain("%s", source->prompt);
    source->prompt = "> ";
  }
  size_t length = 0, room = LINE;
  char *line = allocate(room), c;
  long got;
  while ((got = call(read, source->fd, &c, 1)) == 1) {
    line[length++] = c;
    if (c == '\n') break;
    if (length == room - 1) allocate(LINE), room += LINE;
  }
  if (got == -EINTR && source->interactive) {
    complain("\n");
    wrong = true;
    return false;
  }
  line[length] = 0;
  if (got != 1) source->ended = true;
  source->line = line;
  source->text = line;
  return length > 0;
}

/** The letter that is next; 0 at the end. */
static int peek(void) {
  if (!*source->text && !more()) return 0;
  return *source->text;
}

const char *substitution_end(const char *text) {
  char nest[DEPTH]; // what ends each level: ) } ` "
  int level = 0;
  if (*text == '`') {
    for (text++; *text && *text != '`'; text++)
      if (*text == '\\' && text[1]) text++;
    return *text ? text + 1 : NULL;
  }
  if (text[1] != '(' && text[1] != '{') return text + 1;
  for (;; text++) {
    char c = *text, end = level ? nest[level - 1] : 0;
    if (!c || level == DEPTH) return NULL;
    if (c == '\\' && text[1]) text++;
    else if (level && c == end) {
      if (!--level) return text + 1;
    } else if (c == '\'' && end != '"') {
      const char *close = strchr(text + 1, '\'');
      if (!close) return NULL;
      text = close;
    } else if (c == '"') nest[level++] = '"';
    else if (c == '`') {
      const char *close = substitution_end(text);
      if (!close) return NULL;
      text = close - 1;
    } else if (c == '$' && (text[1] == '(' || text[1] == '{')) nest[level++] = *++text == '(' ? ')' : '}';
    else if (c == '(' && end == ')') nest[level++] = ')';
  }
}

/** A letter of a word, which may go over lines, is added to what has been read of it. */
static struct { char *text; size_t length, room; } buffer;
static void add(char c) {
  if (buffer.length == buffer.room - 1) {
    char *larger = allocate(buffer.room * 2);
    memcpy(larger, buffer.text, buffer.length);
    buffer.text = larger;
    buffer.room *= 2;
  }
  buffer.text[buffer.length++] = c;
  buffer.text[buffer.length] = 0;
}

/** Adds letters until `found` says where what has begun at `from` ends. */
static void add_until(size_t from, const char *(*found)(const char *)) {
  while (!found(buffer.text + from)) {
    if (!peek()) {
      if (!wrong) complain("sh: the end of the input within quotes\n");
      wrong = true;
      return;
    }
    add(*source->text++);
  }
}

static const char *single_end(const char *text) {
  const char *end = strchr(text + 1, '\'');
  return end ? end + 1 : NULL;
}
static const char *double_end(const char *text) {
  for (text++; *text; text++) {
    if (*text == '"') return text + 1;
    if (*text == '\\' && text[1]) text++;
    else if (*text == '\\') return NULL;
    else if ((*text == '$' && (text[1] == '(' || text[1] == '{')) || *text == '`') {
      const char *end = substitution_end(text);
      if (!end) return NULL;
      text = end - 1;
    } else if (*text == '$' && !text[1]) return NULL;
  }
  return NULL;
}

static void read_word(void) {
  buffer.room = 64;
  buffer.text = allocate(buffer.room);
  buffer.length = 0;
  buffer.text[0] = 0;
  for (int c; (c = peek()) && !strchr(" \t\n;&|<>()", c) && !wrong;) {
    size_t from = buffer.length;
    add(c);
    source->text++;
    if (c == '\\') {
      if (peek() == '\n') buffer.text[--buffer.length] = 0, source->text++;
      else if (peek()) add(*source->text++);
    } else if (c == '\'') add_until(from, single_end);
    else if (c == '"') add_until(from, double_end);
    else if (c == '`' || (c == '$' && (peek() == '(' || peek() == '{'))) {
      if (c == '$') add(*source->text++);
      add_until(from, substitution_end);
    }
  }
  token.text = buffer.text;
  token.is_word = true;
}

/** Texts of the documents whose line has ended. */
static void read_documents(void) {
  for (; documents && !wrong; documents = documents->next) {
    bool tabs = *documents->word == '-';
    char *end = text_of(documents->word + tabs, false);
    bool quoted = strchr(documents->word, '\'') || strchr(documents->word, '"') || strchr(documents->word, '\\');
    char *text = allocate(1);
    size_t length = 0;
    *text = 0;
    while (peek()) {
      const char *line = source->text, *stop = strchr(line, '\n');
      size_t size = stop ? (size_t)(stop - line) : strlen(line);
      source->text += size + (stop != NULL);
      while (tabs && *line == '\t') line++, size--;
      if (size == strlen(end) && strncmp(line, end, size) == 0) break;
      char *larger = allocate(length + size + 2);
      memcpy(larger, text, length);
      memcpy(larger + length, line, size);
      larger[length + size] = '\n';
      larger[length += size + 1] = 0;
      text = larger;
    }
    documents->word = text;
    documents->kind = quoted ? 'q' : 'h';
  }
}

/** A token more. */
static void next(void) {
  static const char *const operators[] = {"&&", "||", ";;", "<<-", "<<", ">>", "<&", ">&", "<>", ">|", "&", "|", ";", "<", ">", "(", ")"};
  token.is_word = false;
  for (;;) {
    int c = peek();
    if (c == ' ' || c == '\t') source->text++;
    else if (c == '\\' && source->text[1] == '\n') source->text += 2;
    else if (c == '#') while (*source->text && *source->text != '\n') source->text++;
    else break;
  }
  int c = wrong ? 0 : peek();
  if (!c) token.text = "";
  else if (c == '\n') {
    source->text++;
    token.text = "\n";
    if (documents) read_documents();
  } else {
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
      size_t length = strlen(operators[i]);
      if (strncmp(source->text, operators[i], length)) continue;
      source->text += length;
      token.text = operators[i];
      return;
    }
    read_word();
  }
}

static bool is(const char *text) { return !wrong && same(token.text, text); }
static bool take(const char *text) { return is(text) ? next(), true : false; }
static void *complaint(void) {
  if (!wrong) complain("sh: syntax error near '%s'\n", *token.text == '\n' ? "the end of the line" : *token.text ? token.text : "the end");
  wrong = true;
  return NULL;
}
static void expect(const char *text) { if (!take(text)) complaint(); }
static void newlines(void) { while (take("\n")) {} }

static struct node *make(enum kind kind, struct node *left, struct node *right) {
  struct node *node = allocate(sizeof *node);
  *node = (struct node){.kind = kind, .left = left, .right = right};
  return node;
}
static struct word **add_word(struct word **end) {
  struct word *word = allocate(sizeof *word);
  *word = (struct word){NULL, token.text};
  *end = word;
  next();
  return &word->next;
}

static struct node *compound_list(const char *end);
static bool reserved(void) {
  static const char *const words[] = {"then", "else", "elif", "fi", "do", "done", "esac", "}"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (token.is_word && is(words[i])) return true;
  return false;
}

/** A redirection, if there is one: it comes to the end of the list. */
static bool redirection(struct redirection **list) {
  int fd = -1;
  if (token.is_word) {
    if (!is_digit(*token.text) || token.text[1] || (*source->text != '<' && *source->text != '>')) return false;
    fd = *token.text - '0';
    next();
  }
  if (token.is_word || (*token.text != '<' && *token.text != '>')) return false;
  const char *how = token.text;
  struct redirection *made = allocate(sizeof *made);
  *made = (struct redirection){NULL, fd >= 0 ? fd : *how == '>', how[1] == '>' ? 'a' : how[1] == '&' ? '&' : same(how, "<>") ? 'w' : how[0], NULL};
  next();
  if (!token.is_word) return complaint(), false;
  made->word = token.text;
  while (*list) list = &(*list)->next;
  *list = made;
  if (how[0] == '<' && how[1] == '<') {
    made->kind = 'h';
    if (how[2]) {
      char *word = allocate(strlen(token.text) + 2);
      format(word, strlen(token.text) + 2, "-%s", token.text);
      made->word = word;
    }
    struct redirection **last = &documents;
    if (*last) return complaint(), false; // one document a line
    *last = made;
  }
  next();
  return true;
}

static struct node *if_command(void) {
  struct node *node = make(IF, compound_list("then"), NULL);
  expect("then");
  node->right = compound_list("fi");
  if (take("elif")) return node->other = if_command(), node;
  if (take("else")) node->other = compound_list("fi");
  expect("fi");
  return node;
}
static struct node *loop(enum kind kind) {
  struct node *node = make(kind, compound_list("do"), NULL);
  expect("do");
  node->right = compound_list("done");
  expect("done");
  return node;
}
static struct node *for_command(void) {
  struct node *node = make(FOR, NULL, NULL);
  if (!token.is_word) return complaint();
  struct word **end = add_word(&node->words);
  newlines();
  node->all_words = !take("in");
  if (!node->all_words) while (token.is_word && !wrong) end = add_word(end);
  if (!node->all_words && !is(";") && !is("\n")) return complaint();
  take(";");
  newlines();
  expect("do");
  node->right = compound_list("done");
  expect("done");
  return node;
}
static struct node *case_command(void) {
  struct node *node = make(CASE, NULL, NULL);
  struct arm **end = &node->arms;
  if (!token.is_word) return complaint();
  add_word(&node->words);
  newlines();
  expect("in");
  newlines();
  while (!wrong && !is("esac")) {
    struct arm *arm = allocate(sizeof *arm);
    *arm = (struct arm){0};
    take("(");
    struct word **words = &arm->patterns;
    do {
      if (!token.is_word) return complaint();
      words = add_word(words);
    } while (take("|"));
    expect(")");
    arm->body = compound_list(";;");
    *end = arm;
    end = &arm->next;
    if (!take(";;")) break;
    newlines();
  }
  expect("esac");
  return node;
}

static struct node *simple(void) {
  struct node *node = make(SIMPLE, NULL, NULL);
  struct word **end = &node->words;
  while (!wrong) {
    if (redirection(&node->redirections)) continue;
    if (!token.is_word) break;
    end = add_word(end);
    if (end == &node->words->next && !node->redirections && is("(")) {
      next();
      expect(")");
      newlines();
      node->kind = FUNCTION;
      expect("{");
      node->left = compound_list("}");
      expect("}");
      return node;
    }
  }
  if (!node->words && !node->redirections) return complaint();
  return node;
}

static struct node *command(void) {
  struct node *node;
  if (++depth > DEPTH) return complaint();
  bool word = token.is_word;
  if (!word && take("(")) {
    node = make(SUBSHELL, compound_list(")"), NULL);
    expect(")");
  } else if (word && take("{")) {
    node = make(GROUP, compound_list("}"), NULL);
    expect("}");
  } else if (word && take("if")) node = if_command();
  else if (word && take("while")) node = loop(WHILE);
  else if (word && take("until")) node = loop(UNTIL);
  else if (word && take("for")) node = for_command();
  else if (word && take("case")) node = case_command();
  else if (reserved()) node = complaint();
  else node = simple();
  depth--;
  if (node && node->kind != SIMPLE && node->kind != FUNCTION) while (redirection(&node->redirections)) {}
  return node;
}

static struct node *pipeline(void) {
  bool negated = false;
  while (token.is_word && take("!")) negated = !negated;
  struct node *node = command();
  while (take("|")) {
    newlines();
    node = make(PIPELINE, node, command());
  }
  return negated ? make(NOT, node, NULL) : node;
}
static struct node *and_or(void) {
  struct node *node = pipeline();
  for (;;) {
    enum kind kind = is("&&") ? AND : OR;
    if (!take("&&") && !take("||")) return node;
    newlines();
    node = make(kind, node, pipeline());
  }
}

/** Commands to a word that ends them, which stays. */
static struct node *compound_list(const char *end) {
  struct node *list = NULL;
  newlines();
  while (!wrong && !is(end) && !reserved() && !is(")") && !is(";;")) {
    if (!*token.text) return complaint();
    struct node *node = and_or();
    bool background = take("&");
    if (background) node = make(BACKGROUND, node, NULL);
    list = list ? make(SEQUENCE, list, node) : node;
    if (!background && !take(";") && !is("\n")) break;
    newlines();
  }
  return list ? list : complaint();
}

enum parsed parse(struct source *from, struct node **node) {
  struct source *outer = source;
  source = from;
  wrong = false;
  depth = 0;
  documents = NULL;
  *node = NULL;
  next();
  enum parsed result = COMMAND;
  if (wrong) result = NOTHING; // a signal while it waited
  else if (!*token.text) result = END;
  else if (is("\n")) result = NOTHING;
  else {
    while (!wrong) {
      struct node *part = and_or();
      bool background = take("&");
      if (background) part = make(BACKGROUND, part, NULL);
      *node = *node ? make(SEQUENCE, *node, part) : part;
      if (background || take(";")) {
        if (is("\n") || !*token.text) break;
        continue;
      }
      if (!is("\n") && *token.text) complaint();
      break;
    }
    if (wrong) result = WRONG;
  }
  if (wrong) source->text = "";
  source = outer;
  return result;
}
