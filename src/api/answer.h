#pragma once
/*
 * The answer: what the steps left in request.answer and request.problem, as
 * bytes.  One place writes heads, so that every answer has the same fields.
 */
#include "api/request.h"

/* Make request.answer the problem document of ${err}. */
void answer_problem(struct request *request, enum err err);
/* Write the head; its body follows from whoever has it. */
void answer_send_head(struct request *request);
/* Write head and body to the connection; a failed task is told as its problem. */
void answer_send(struct request *request);
/* The h of a tag "N.h": ${hash} as it is written, in the request's arena. */
struct str answer_shape(struct request *request, uint64_t hash);
/* 200 with application/json in answer.body. */
void answer_json(struct request *request);
/* A GET whose tag the client has already (304), or whose If-Match does not hold (412). */
enum step_result answer_conditional(struct request *request);
/* The same, of a body that is its own tag. */
enum step_result answer_tagged_by_hash(struct request *request);
