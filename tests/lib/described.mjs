// Every answer that a conversation sees is what /openapi.json says: its status, its
// media type, and its body by the schema.

import assert from 'node:assert/strict';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { run } from './server.mjs';

const known = new Map(); /* by the text of the description */

/* The description of the app that ${server} serves, as a checker of answers; asked of the program, so that no log shows it. */
function descriptionOf(server) {
	const limits = server.args.flatMap((word, i) => (word === '--limit' ? [word, server.args[i + 1]] : []));
	const ran = run(['openapi', '-C', server.folder, ...limits]);
	if (ran.status !== 0)
		return undefined; /* the app file has mistakes now, and the server goes on with an older one */
	const text = ran.stdout;
	if (!known.has(text))
		known.set(text, new Description(JSON.parse(text)));
	return known.get(text);
}

export function checkDescribed(server, answer, method, target) {
	server.described ??= descriptionOf(server);
	server.described?.check(answer, method, target.split('?')[0]);
}

class Description {
	constructor(document) {
		this.document = document;
		this.ajv = new Ajv({ strict: false, allErrors: false, validateFormats: true, logger: false });
		addFormats(this.ajv);
		this.ajv.addFormat('int64', true).addFormat('double', true);
		this.ajv.addSchema({ $id: 'openapi', components: document.components });
		this.validators = new Map();
		this.paths = Object.entries(document.paths).map(([path, item]) => ({
			item, pattern: new RegExp(`^${path.replace(/[.+*]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+')}$`),
		}));
	}

	/* Paths without a description answer by RFC 9110 alone: 400, 404, 405 and the like. */
	check(answer, method, path) {
		const found = this.paths.find(({ pattern }) => pattern.test(decodeSlashless(path)));
		const operation = found?.item[method === 'HEAD' ? 'get' : method.toLowerCase()];
		if (!operation)
			return;
		const said = `${method} ${path}: ${answer.status} ${answer.text.slice(0, 2000)}`;
		const response = this.#resolve(operation.responses[answer.status]);
		assert.ok(response, `${operation.operationId} may not answer ${answer.status}: ${said}`);
		if (method === 'HEAD' || answer.text === '')
			return;
		const type = answer.get('content-type')?.split(';')[0];
		const media = response.content?.[type];
		assert.ok(media, `${operation.operationId} may not answer ${answer.status} as ${type}: ${said}`);
		if (answer.json === undefined)
			return;
		const validate = this.#validator(`${operation.operationId} ${answer.status} ${type}`, media.schema);
		assert.ok(validate(answer.json), `${operation.operationId} does not answer so: ${this.ajv.errorsText(validate.errors)}: ${said}`);
	}

	#resolve(part) {
		return part?.$ref ? part.$ref.slice(2).split('/').reduce((at, name) => at[name], this.document) : part;
	}

	#validator(name, schema) {
		if (!this.validators.has(name))
			this.validators.set(name, this.ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"openapi#/components'))));
		return this.validators.get(name);
	}
}

/* As the server reads it: escapes decoded, segment by segment. */
function decodeSlashless(path) {
	try {
		return path.split('/').map((segment) => decodeURIComponent(segment).replaceAll('/', '%2F')).join('/');
	} catch {
		return path;
	}
}
