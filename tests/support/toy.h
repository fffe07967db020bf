/* Ops small enough to reckon with in one's head, to test graphs, plans and runs apart from the real ops. */
#ifndef TESTS_SUPPORT_TOY_H
#define TESTS_SUPPORT_TOY_H

#include "nn/graph/graph.h"

extern const Op toy_add;    /* a + b, of equal shapes */
extern const Op toy_square; /* x^2; keeps 2 x, and fills its scratch with rubbish, forward and backward */
extern const Op toy_view;   /* (N, ...) as (N, count): a view */
extern const Op toy_refuse; /* no shape fits */

int toy_op1(Graph *graph, const Op *op, int in);
int toy_op2(Graph *graph, const Op *op, int a, int b);
int toy_param(Graph *graph, const char *name, Shape shape, bool trainable);

#endif
