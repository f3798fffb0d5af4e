// Commands are done: processes, pipelines, redirections, loops. POSIX.1-2017, XCU 2.7 and 2.9.
#include "sh.h"

struct shell shell;
const char *exit_trap;

static struct function { const char *name; const struct node *body; } functions[64];
static int function_count, calls;
enum { SAVED = 32, STAGES = 64, CALLS = 200 };

__attribute__((noreturn)) void leave(int status) {
  const char *commands = exit_trap;
  exit_trap = NULL;
  if (commands && call(getpid) == shell.shell_pid) {
    shell.status = status;
    run_text(commands);
  }
  flush();
  call(exit_group, status);
  __builtin_unreachable();
}

long start_child(void) {
  flush();
  long child = call(fork);
  if (child < 0) failed("fork", child);
  if (child == 0) exit_trap = NULL;
  return child < 0 ? -1 : child;
}

// ---- redirections --------------------------------------------------------------------------------------------------------------

static long open_document(const char *text) {
  int pipe[2];
  long error = call(pipe, pipe);
  if (error) return error;
  if (start_child() == 0) { // it may be more than a pipe holds
    call(close, pipe[0]);
    call(close, 1);
    call(dup2, pipe[1], 1);
    call(close, pipe[1]);
    put(text, strlen(text));
    flush();
    call(exit_group, 0);
  }
  call(close, pipe[1]);
  return pipe[0];
}

int redirect(const struct redirection *list, struct saved *saved, int *count) {
  *count = 0;
  for (; list; list = list->next) {
    int kind = list->kind;
    char *word = NULL;
    long fd;
    if (kind == 'q') fd = open_document(list->word);
    else if (kind == 'h') {
      size_t length = strlen(list->word);
      char *quoted = allocate(length * 2 + 3), *to = quoted; // expanded as if within quotes, but quotes are letters
      *to++ = '"';
      for (const char *from = list->word; *from; from++) {
        if (*from == '"') *to++ = '\\';
        *to++ = *from;
      }
      *to++ = '"', *to = 0;
      fd = open_document(text_of(quoted, false));
    } else {
      word = text_of(list->word, false);
      long copied;
      if (kind == '&' && same(word, "-")) fd = -1;
      else if (kind == '&') fd = number(word, 10, &copied) ? call(dup, copied) : -22;
      else fd = call(open, word, kind == '<' ? O_RDONLY : kind == 'w' ? O_RDWR | O_CREAT : O_WRONLY | O_CREAT | (kind == 'a' ? O_APPEND : O_TRUNC), 0666);
    }
    if (fd < -1 || (fd == -1 && !(kind == '&' && same(word, "-")))) {
      complain("sh: %s: %s\n", word ? word : "document", error_text(fd));
      return 1;
    }
    if (*count == SAVED) return complain("sh: too many redirections\n"), 1;
    flush();
    long copy = call(fcntl64, list->fd, 1030, 10); // F_DUPFD_CLOEXEC
    saved[(*count)++] = (struct saved){list->fd, copy < 0 ? -1 : copy};
    if (fd < 0) call(close, list->fd);
    else if (fd != list->fd) call(dup2, fd, list->fd), call(close, fd);
  }
  return 0;
}

void restore(struct saved *saved, int count) {
  flush();
  while (count--) {
    if (saved[count].copy < 0) call(close, saved[count].fd);
    else call(dup2, saved[count].copy, saved[count].fd), call(close, saved[count].copy);
  }
}

// ---- simple commands -----------------------------------------------------------------------------------------------------------

/** The length of NAME in NAME=VALUE; 0 if it is no assignment. */
static size_t assignment(const char *text) {
  size_t length = 0;
  if (is_digit(*text)) return 0;
  while (is_name(text[length])) length++;
  return length && text[length] == '=' ? length : 0;
}
static void assign(const char *text) {
  size_t length = assignment(text);
  set(copy(text, length), text_of(text + length + 1, false));
}

static int call_function(const struct node *body, int count, char **words) {
  char **outer = parameters;
  int outer_count = parameter_count;
  if (calls == CALLS) return complain("sh: %s: calls itself too often\n", words[0]), 2;
  parameters = words + 1, parameter_count = count - 1;
  calls++;
  int status = run(body);
  calls--;
  if (shell.leaving == 'r') shell.leaving = 0, status = shell.status;
  parameters = outer, parameter_count = outer_count;
  return status;
}

/** What is neither function nor builtin, in a child. */
__attribute__((noreturn)) static void become(char **words) {
  environment = make_environment();
  const struct tool *own = find_tool(words[0]);
  long error = execute(words);
  if (error == -ENOENT && own && !strchr(words[0], '/')) { // no /bin here, or another root: what we are made of is there
    int count = 0;
    while (words[count]) count++;
    tool = own->name;
    leave(own->run(count - 1, words + 1));
  }
  if (error == -ENOEXEC) {
    struct source script = {"", call(open, words[0], O_RDONLY | O_CLOEXEC), false, false, "", NULL};
    shell_name = words[0];
    parameters = words + 1;
    for (parameter_count = 0; parameters[parameter_count];) parameter_count++;
    leave(run_source(&script));
  }
  complain("sh: %s: %s\n", words[0], error == -ENOENT && !strchr(words[0], '/') ? "not found" : error_text(error));
  leave(error == -ENOENT ? 127 : 126);
}

static int simple(const struct node *node, bool child) {
  const struct word *words = node->words;
  int count, redirected;
  struct saved saved[SAVED];
  while (words && assignment(words->text)) words = words->next;
  int before = shell.status;
  char **fields_of = fields(words, &count);
  bool substituted = shell.status != before;
  if (shell.trace && count) {
    for (int i = 0; i < count; i++) complain(i ? " %s" : "+ %s", fields_of[i]);
    complain("\n");
  }
  const struct node *body = NULL;
  for (int i = 0; count && i < function_count; i++)
    if (same(functions[i].name, fields_of[0])) body = functions[i].body;
  builtin *own = count && !body ? find_builtin(fields_of[0]) : NULL;
  if (count && !body && !own && !child) {
    long pid = start_child();
    if (pid < 0) return 2;
    if (pid) {
      if (shell.interactive) return wait_job(pid, &pid, 1, fields_of[0]);
      return wait_for(pid);
    }
    join_job(0, false);
    child = true;
  }
  int status = redirect(node->redirections, saved, &redirected);
  if (!status) {
    for (const struct word *each = node->words; each != words; each = each->next) {
      assign(each->text);
      if (count && !body && !own) export(copy(each->text, assignment(each->text)));
    }
    if (!count) status = substituted ? shell.status : 0;
    else if (body) status = call_function(body, count, fields_of);
    else if (own) {
      const char *outer = tool;
      tool = fields_of[0];
      status = own(count - 1, fields_of + 1);
      tool = outer;
      if (same(fields_of[0], "exec")) redirected = 0;
    } else become(fields_of);
  } else if (child) leave(status);
  restore(saved, redirected);
  return status;
}

// ---- pipelines and the rest ----------------------------------------------------------------------------------------------------

static int run_in(const struct node *node, bool child);

static const char *name_of_node(const struct node *node) {
  while (node->kind != SIMPLE && node->left) node = node->left;
  return node->kind == SIMPLE && node->words ? node->words->text : "(commands)";
}

/** Starts all of a pipeline: its group, and the number of processes; 0 when that was not possible. */
static int start(const struct node *node, bool background, long *pids, long *group) {
  const struct node *stages[STAGES];
  int count = 0, input = -1;
  for (const struct node *at = node;; at = at->left) {
    if (count == STAGES) return complain("sh: too long a pipeline\n"), 0;
    stages[count++] = at->kind == PIPELINE ? at->right : at;
    if (at->kind != PIPELINE) break;
  }
  *group = 0;
  int started = 0;
  for (int i = count - 1; i >= 0; i--) {
    int pipe[2] = {-1, -1};
    if (i && call(pipe, pipe)) return complain("sh: no pipe is to be had\n"), started;
    long pid = start_child();
    if (pid == 0) {
      join_job(*group, background);
      if (input >= 0) call(dup2, input, 0), call(close, input);
      else if (background && !shell.interactive && i == count - 1) { // what is behind us must not take our input
        long none = call(open, "/dev/null", O_RDONLY);
        if (none > 0) call(dup2, none, 0), call(close, none);
      }
      if (i) call(close, pipe[0]), call(dup2, pipe[1], 1), call(close, pipe[1]);
      shell.interactive = false;
      leave(run_in(stages[i], true));
    }
    if (input >= 0) call(close, input);
    if (i) call(close, pipe[1]);
    input = pipe[0];
    if (pid < 0) break;
    pids[started++] = pid;
    if (!*group) *group = pid;
    if (shell.interactive) call(setpgid, pid, *group);
  }
  if (input >= 0) call(close, input);
  return started;
}

static int in_foreground(const struct node *node) {
  long pids[STAGES], group;
  int count = start(node, false, pids, &group), status = 2;
  if (shell.interactive && count) return wait_job(group, pids, count, name_of_node(node));
  for (int i = 0; i < count; i++) status = wait_for(pids[i]);
  return status;
}

/** Whether a loop that is around must end, after its body; `leaving` is what the body asked for. */
static bool left_loop(void) {
  if (!shell.leaving) return false;
  if (shell.leaving == 'r' || --shell.levels > 0) return true;
  bool over = shell.leaving == 'b';
  shell.leaving = 0;
  return over;
}

static int condition(const struct node *node) {
  bool outer = shell.in_condition;
  shell.in_condition = true;
  int status = run(node);
  shell.in_condition = outer;
  return status;
}

static int loop(const struct node *node) {
  int status = 0;
  shell.loops++;
  for (;;) {
    void *before = mark();
    bool goes_on = (condition(node->left) == 0) == (node->kind == WHILE) && !shell.leaving;
    if (goes_on) status = run(node->right);
    release(before);
    if (left_loop() || !goes_on) break;
  }
  shell.loops--;
  return status;
}

static int for_each(const struct node *node) {
  int count = parameter_count, status = 0;
  char **words = node->all_words ? parameters : fields(node->words->next, &count);
  shell.loops++;
  for (int i = 0; i < count; i++) {
    void *before = mark();
    set(node->words->text, words[i]);
    status = run(node->right);
    release(before);
    if (left_loop()) break;
  }
  shell.loops--;
  return status;
}

static int choose(const struct node *node) {
  char *word = text_of(node->words->text, false);
  for (const struct arm *arm = node->arms; arm; arm = arm->next)
    for (const struct word *pattern = arm->patterns; pattern; pattern = pattern->next)
      if (matches_pattern(text_of(pattern->text, true), word)) return arm->body ? run(arm->body) : 0;
  return 0;
}

static int define(const struct node *node) {
  int at = 0;
  while (at < function_count && !same(functions[at].name, node->words->text)) at++;
  if (at == sizeof functions / sizeof *functions) return complain("sh: too many functions\n"), 2;
  if (at == function_count) function_count++;
  functions[at] = (struct function){node->words->text, node->left};
  return 0;
}

static int run_kind(const struct node *node, bool child) {
  long pids[STAGES], group;
  int count, status;
  switch (node->kind) {
    case SIMPLE: return simple(node, child);
    case PIPELINE: return in_foreground(node);
    case AND: return (status = condition(node->left)) || shell.leaving ? status : run(node->right);
    case OR: return !(status = condition(node->left)) || shell.leaving ? status : run(node->right);
    case NOT: return !condition(node->left);
    case BACKGROUND:
      count = start(node->left, true, pids, &group);
      if (!count) return 2;
      shell.background = pids[count - 1];
      add_job(group, shell.background, name_of_node(node->left), false);
      return 0;
    case SUBSHELL: return child ? run(node->left) : in_foreground(node);
    case GROUP: return run(node->left);
    case IF: return condition(node->left) == 0 ? (shell.leaving ? 0 : run(node->right)) : node->other && !shell.leaving ? run(node->other) : 0;
    case WHILE: case UNTIL: return loop(node);
    case FOR: return for_each(node);
    case CASE: return choose(node);
    case FUNCTION: return define(node);
    default: return 2;
  }
}

static int run_in(const struct node *node, bool child) {
  struct saved saved[SAVED];
  int redirected = 0;
  while (node->kind == SEQUENCE) { // its left part is as deep as the list is long
    const struct node *first = node;
    while (first->left->kind == SEQUENCE) first = first->left;
    run(first->left);
    for (; first != node && !shell.leaving;) {
      run(first->right);
      const struct node *above = node;
      while (above->left != first) above = above->left;
      first = above;
    }
    if (shell.leaving) return shell.status;
    node = node->right;
  }
  void *before = node->kind == FUNCTION ? NULL : mark();
  bool outside = node->kind != SIMPLE && node->redirections;
  int status = outside ? redirect(node->redirections, saved, &redirected) : 0;
  if (!status) status = run_kind(node, child && !outside);
  if (outside) restore(saved, redirected);
  shell.status = status;
  if (before && !function_count) release(before);
  bool decides = node->kind == SIMPLE || node->kind == PIPELINE || node->kind == SUBSHELL;
  if (status && shell.exit_on_error && !shell.in_condition && decides && !shell.leaving) leave(status);
  return status;
}

int run(const struct node *node) { return run_in(node, false); }

int run_source(struct source *source) {
  struct node *node;
  for (;;) {
    void *before = mark();
    int functions_before = function_count;
    if (source->interactive) {
      tell_jobs();
      const char *prompt = get("PS1");
      char *text = allocate(300), path[128];
      if (prompt) source->prompt = text_of(prompt, false);
      else {
        struct names names;
        call(uname, &names);
        if (call(getcwd, path, sizeof path) < 0) path[0] = 0;
        format(text, 300, "%s:%s%s ", names.node, path, call(geteuid32) ? "$" : "#");
        source->prompt = text;
      }
    }
    enum parsed parsed = parse(source, &node);
    if (parsed == END) break;
    if (parsed == WRONG) {
      shell.status = 2;
      if (!source->interactive) break;
    }
    if (parsed == COMMAND) run(node);
    flush();
    if (shell.leaving && !shell.loops) {
      if (shell.leaving == 'r') break;
      shell.leaving = 0;
    }
    // lines of text sources stay where they are; what a function is made of stays too
    if (function_count == functions_before && !*source->text) release(before);
  }
  return shell.status;
}

int run_text(const char *text) {
  struct source source = {text, -1, false, false, "", NULL};
  return run_source(&source);
}
