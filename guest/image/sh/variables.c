// The shell's variables: names, values, and which of them programs are given.
#include "sh.h"

enum { VARIABLES = 1024, POOL = 1 << 18 };
static struct variable { const char *name; char *value; size_t room; bool exported, is_set; } table[VARIABLES];
static int variables;
static char pool[POOL]; // names and values stay when what was read is released
static size_t used;

static char *keep(const char *text, size_t room) {
  if (used + room > POOL) {
    complain("sh: variables are too large\n");
    leave(2);
  }
  char *to = pool + used;
  used += room;
  memcpy(to, text, strlen(text) + 1);
  return to;
}

static struct variable *find(const char *name, bool make) {
  for (int i = 0; i < variables; i++)
    if (same(table[i].name, name)) return table + i;
  if (!make) return NULL;
  if (variables == VARIABLES) {
    complain("sh: too many variables\n");
    leave(2);
  }
  struct variable *made = table + variables++;
  *made = (struct variable){keep(name, strlen(name) + 1), NULL, 0, false, false};
  return made;
}

const char *get(const char *name) {
  struct variable *found = find(name, false);
  return found && found->is_set ? found->value : NULL;
}

void set(const char *name, const char *value) {
  struct variable *at = find(name, true);
  size_t size = strlen(value) + 1;
  if (size > at->room) {
    at->room = size * 2 < 32 ? 32 : size * 2;
    at->value = keep(value, at->room);
  } else memmove(at->value, value, size);
  at->is_set = true;
}

void unset(const char *name) {
  struct variable *found = find(name, false);
  if (found) found->is_set = found->exported = false;
}

void export(const char *name) { find(name, true)->exported = true; }

void show_variables(bool exported) {
  for (int i = 0; i < variables; i++)
    if (table[i].is_set && (!exported || table[i].exported)) print(exported ? "export %s='%s'\n" : "%s='%s'\n", table[i].name, table[i].value);
}

char **make_environment(void) {
  char **list = allocate((variables + 1) * sizeof *list), **to = list;
  for (struct variable *at = table; at < table + variables; at++) {
    if (!at->exported || !at->is_set) continue;
    size_t size = strlen(at->name) + strlen(at->value) + 2;
    *to = allocate(size);
    format(*to++, size, "%s=%s", at->name, at->value);
  }
  *to = NULL;
  return list;
}
