#pragma once
/*
 * The inside of openapi: how JSON is put down, and what its files hand to one another.
 *
 *	openapi.c		the document: paths, operations, answers
 *	openapi_parameters.c	what stands in paths, queries and header fields
 *	openapi_schema.c	fields and records as JSON Schema
 */
#include "api/routes.h"

/* A literal of JSON in which ' stands for ", with directives as buf_addf() has; what is inserted has no ' and needs no escapes. */
void put(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Any text, as a JSON string. */
void put_text(struct buf *buf, struct str text);

/* What a field's schema is for. */
enum schema_use {
	SCHEMA_ANSWER, /* as it is answered */
	SCHEMA_SHOWN, /* as a read with fields= and expand= answers it */
	SCHEMA_INPUT, /* as it may be sent */
	SCHEMA_REPLACE, /* as it may be sent in a PUT, whose path may say a unique field */
	SCHEMA_CHANGE, /* as it may be sent in a PATCH: operators too */
};

/* The schema of a field's value: {"type":"string",…}. */
void put_field_schema(struct buf *buf, const struct field *field, enum schema_use use);
/* Every schema of a collection, as members of components.schemas, a comma before each. */
void put_collection_schemas(struct buf *buf, const struct collection *collection);
bool openapi_is_sortable(const struct field *field);

/* The parameters of an operation, ${has_304} where a condition may spare the answer; a comma before. */
void put_parameters(struct buf *buf, const struct route *route, const struct collection *collection, bool has_304);
/* {id}, which all operations of its path share; a comma behind. */
void put_id_parameter(struct buf *buf, const struct collection *collection);
/* The header fields that operations refer to, as members of components.parameters. */
void put_header_parameters(struct buf *buf);
