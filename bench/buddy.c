/*
 * The question of bench/peers.ts in BuDDy: two first-match lists over classes, each folded in a balanced tree into the
 * packets it decides and those it permits; says "differ" where the permitted ones are not the same, else "equal".
 *
 * Reads: how many fields, the classes of each; then for both lists the number of rules, and for each rule 1 (permit) or
 * 0 and for each field a count and so many closed intervals of classes.
 */
#include <bdd.h>
#include <stdio.h>
#include <stdlib.h>

#define FIELDS_MAX 16

static int fields, classes[FIELDS_MAX], first_bit[FIELDS_MAX + 1];

typedef struct {
  BDD decided;
  BDD permitted;
} Part;

static int number(FILE *in) {
  int value;
  if (fscanf(in, "%d", &value) != 1) {
    fprintf(stderr, "buddy: a number is missing\n");
    exit(2);
  }
  return value;
}

/* Codes of the field at or above (1), or at or below (0), a class; highest bit first. */
static BDD beyond(int field, int bound, int above) {
  BDD set = bdd_true();
  int width = first_bit[field + 1] - first_bit[field];
  for (int bit = 0; bit < width; bit += 1) {
    int variable = first_bit[field] + width - 1 - bit;
    BDD next;
    if ((bound >> bit) & 1)
      next = above ? bdd_and(bdd_ithvar(variable), set) : bdd_or(bdd_nithvar(variable), set);
    else
      next = above ? bdd_or(bdd_ithvar(variable), set) : bdd_and(bdd_nithvar(variable), set);
    bdd_addref(next);
    bdd_delref(set);
    set = next;
  }
  return set;
}

static BDD replaced(BDD old, BDD next) {
  bdd_addref(next);
  bdd_delref(old);
  return next;
}

static Part rule(FILE *in) {
  int permit = number(in);
  BDD box = bdd_addref(bdd_true());
  for (int field = 0; field < fields; field += 1) {
    BDD set = bdd_addref(bdd_false());
    int count = number(in);
    for (int at = 0; at < count; at += 1) {
      int low = number(in), high = number(in);
      BDD from = low == 0 ? bdd_addref(bdd_true()) : beyond(field, low, 1);
      /* Codes above the last class mean the last class. */
      BDD to = high == classes[field] - 1 ? bdd_addref(bdd_true()) : beyond(field, high, 0);
      BDD both = bdd_addref(bdd_and(from, to));
      set = replaced(set, bdd_or(set, both));
      bdd_delref(from);
      bdd_delref(to);
      bdd_delref(both);
    }
    box = replaced(box, bdd_and(box, set));
    bdd_delref(set);
  }
  Part part = {box, permit ? bdd_addref(box) : bdd_addref(bdd_false())};
  return part;
}

static Part fold(Part *rules, int from, int to) {
  if (to - from == 1) return rules[from];
  int middle = (from + to) / 2;
  Part one = fold(rules, from, middle), other = fold(rules, middle, to);
  BDD late = bdd_addref(bdd_apply(other.permitted, one.decided, bddop_diff));
  Part part = {bdd_addref(bdd_or(one.decided, other.decided)), bdd_addref(bdd_or(one.permitted, late))};
  bdd_delref(late);
  bdd_delref(one.decided);
  bdd_delref(one.permitted);
  bdd_delref(other.decided);
  bdd_delref(other.permitted);
  return part;
}

int main(int argc, char **argv) {
  FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;
  if (!in) {
    fprintf(stderr, "buddy: usage: buddy FILE\n");
    return 2;
  }
  fields = number(in);
  if (fields > FIELDS_MAX) return 2;
  for (int field = 0; field < fields; field += 1) {
    classes[field] = number(in);
    int width = 0;
    while ((1 << width) < classes[field]) width += 1;
    first_bit[field + 1] = first_bit[field] + width;
  }
  bdd_init(4000000, 1000000);
  bdd_setvarnum(first_bit[fields]);
  bdd_setmaxincrease(4000000);
  bdd_gbc_hook(NULL);
  BDD permitted[2];
  for (int list = 0; list < 2; list += 1) {
    int count = number(in);
    Part *rules = malloc(sizeof(Part) * count);
    for (int at = 0; at < count; at += 1) rules[at] = rule(in);
    permitted[list] = fold(rules, 0, count).permitted;
    free(rules);
  }
  puts(bdd_apply(permitted[0], permitted[1], bddop_xor) == bdd_false() ? "equal" : "differ");
  return 0;
}
