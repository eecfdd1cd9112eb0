// The apps that conversations run on.  An app is read from its file, so that a
// conversation can be told to any: what its collections are called, which
// fields they have, and what a valid record of each looks like.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readYaml } from './yaml.mjs';
import { root } from './server.mjs';
import { uuid7 } from './ids.mjs';

/* The apps of tests/apps, by name; at least two, unlike each other.  CAISSON_TEST_APPS names some of them. */
export function testApps() {
	const parent = join(root, 'tests/apps');
	const names = process.env.CAISSON_TEST_APPS?.split(',') ??
		(existsSync(parent) ? readdirSync(parent).filter((name) => existsSync(join(parent, name, 'caisson.yaml'))) : []);
	return names.sort().map((name) => readApp(join(parent, name)));
}

export function readApp(folder) {
	return describe(readYaml(readFileSync(join(folder, 'caisson.yaml'), 'utf8')), folder);
}

/*
 * The same app with every door open: what it declares about fields stays, its
 * access rules become `true`, and fields that only some may see are for all.
 */
export function opened(app) {
	const file = structuredClone(app.file);
	for (const collection of Object.values(file.collections)) {
		collection.access = { read: true, create: true, update: true, delete: true };
		delete collection.fields_access;
	}
	return describe(file, null);
}

/* An app object with the words that conversations need. */
export function describe(file, folder = null) {
	const collections = Object.entries(file.collections)
		.filter(([, collection]) => (collection.kind ?? 'table') === 'table' && collection.fields)
		.map(([name, collection]) => describeCollection(name, collection));
	const app = { name: file.app, file, folder, collections, prefix: file.api?.prefix ?? '/v1' };
	app.collection = (name) => collections.find((collection) => collection.name === name);
	return app;
}

function describeCollection(name, collection) {
	const fields = Object.entries(collection.fields).map(([fieldName, field]) => withoutEnds({ name: fieldName, ...field }));
	return {
		name, path: `/${name}`, fields, access: collection.access ?? {},
		intId: collection.id === 'int' || collection.id?.type === 'int',
		field: (wanted) => fields.find((field) => field.name === wanted),
		ofType: (...types) => fields.filter((field) => types.includes(field.type)),
	};
}

/* A limit that is the end of 64 bits is none. */
function withoutEnds(field) {
	for (const name of ['min', 'max'])
		if (typeof field[name] === 'bigint')
			delete field[name];
	return field;
}

let serial = 0;

export function freshId(collection) {
	return collection.intId ? 1000000 + ++serial : uuid7();
}

/*
 * A valid value of a field, different from call to call.  A field that cannot
 * be filled without a record elsewhere (ref) is given by `maker`.
 */
export function sample(field) {
	const n = ++serial;
	switch (field.type) {
	case 'text': return sampleText(field, n);
	case 'int': return sampleInt(field, n);
	case 'float': return (field.min ?? 0) + (n % 64) / 64;
	case 'decimal': return ((n % 1000) / 10 ** (field.scale ?? 2)).toFixed(field.scale ?? 2);
	case 'bool': return n % 2 === 0;
	case 'enum': return field.values[n % field.values.length];
	case 'time': return sampleTime(field, n);
	case 'date': return new Date(Date.UTC(2026, 0, 1) + n * 86400000).toISOString().slice(0, 10);
	case 'email': return `someone${n}@example.org`;
	case 'url': return `https://example.org/${n}`;
	case 'json': return { n };
	case 'list': return [];
	default: return undefined;
	}
}

/* AA, BA, …, AB, … */
const letters = (n) => String.fromCharCode(65 + (n % 26), 65 + (Math.floor(n / 26) % 26));

const SHAPES = [
	(n) => `text ${n}`, (n) => `text-${n}`, (n) => `text${n}`, (n) => `T-${n}`, (n) => `TEXT-${n}`, (n) => `T${n}`,
	(n) => `${n}`.padStart(4, '0'), (n) => `${n}`.padStart(6, '0'), (n) => `${n}`.padStart(8, '0'), (n) => `${n}`.padStart(10, '0'),
	(n) => `+49${String(n).padStart(9, '0')}`, (n) => `${letters(Math.floor(n / 10000))}-${String(n % 10000).padStart(4, '0')}`, (n) => `ABC-${String(n).padStart(4, '0')}`,
	(n) => `AB${String(n).padStart(4, '0')}`, (n) => `A${String(n).padStart(5, '0')}`, (n) => `a${n}@b.example`,
	(n) => String.fromCharCode(97 + (n % 26), 97 + (Math.floor(n / 26) % 26), 97 + (Math.floor(n / 676) % 26)),
	(n) => String.fromCharCode(65 + (n % 26), 65 + (Math.floor(n / 26) % 26), 65 + (Math.floor(n / 676) % 26)),
	letters,
];

function sampleText(field, n) {
	const pattern = field.pattern === undefined ? null : new RegExp(field.pattern, 'u');
	for (const shape of SHAPES) {
		const text = shape(n).padEnd(pattern ? 0 : field.min ?? 0, '.');
		if ([...text].length < (field.min ?? 0) || [...text].length > (field.max ?? Infinity))
			continue;
		if (!pattern || pattern.test(text))
			return text;
	}
	throw new Error(`no sample text for ${JSON.stringify(field)}`);
}

function sampleInt(field, n) {
	const low = field.min ?? 0, high = field.max ?? low + 1000000;
	return low + (n % (high - low + 1));
}

function sampleTime(field, n) {
	const low = Date.parse(field.min ?? '2000-01-01T00:00:00Z'), high = Date.parse(field.max ?? '2100-01-01T00:00:00Z');
	return writtenTime(low + ((n * 86461001) % (high - low)));
}

/* Milliseconds, or the text of a time, as the server writes a time. */
export function writtenTime(time) {
	return typeof time === 'string' && /\.\d{6}Z$/.test(time) ? time : new Date(time).toISOString().replace('Z', '000Z');
}

/*
 * Makes records of an opened app.  body(collection) is a whole valid body, with
 * the records that its references need made first; `caller` is a record's id
 * for fields whose default is auth.id and that nobody may write.
 */
export class Maker {
	constructor(app, api) {
		Object.assign(this, { app, api, targets: new Map() });
	}

	async body(collection, { only = null, given = {} } = {}) {
		const body = {};
		for (const field of collection.fields) {
			if (field.name in given || field.readonly || (only && !only(field)))
				continue;
			const value = field.type === 'ref' ? await this.#reference(collection, field) : sample(field);
			if (value !== undefined)
				body[field.name] = value;
		}
		return { ...body, ...given };
	}

	/* As little as can be: what is required, what two records may not share, and null for references with a fixed default. */
	required(collection, given = {}) {
		const fixed = collection.fields.filter(isFixedReference).map((field) => [field.name, null]);
		const only = (field) => field.required && !field.readonly && (field.default === undefined || field.unique);
		return this.body(collection, { only, given: { ...Object.fromEntries(fixed), ...given } });
	}

	async make(collection, given) {
		return this.api.make(collection.path, await this.body(collection, { given }));
	}

	/* A record that a reference may name; made once, a new one where the reference is unique. */
	async #reference(collection, field) {
		if (field.to === collection.name && !field.required)
			return undefined;
		if (!field.unique && this.targets.has(field.to))
			return this.targets.get(field.to);
		const target = this.app.collection(field.to);
		const made = await this.api.make(target.path, await this.required(target));
		this.targets.set(field.to, made.id);
		return made.id;
	}
}

/* A reference whose default is a certain record, which is there or not. */
export function isFixedReference(field) {
	return field.type === 'ref' && field.default !== undefined && field.default !== 'auth.id';
}

/* A caller of an opened app: where a default is auth.id, its record must be there. */
export async function caller(server, app, api) {
	const field = app.collections.flatMap((collection) => collection.fields)
		.find((each) => each.type === 'ref' && each.default === 'auth.id');
	if (!field)
		return server.key('--user', uuid7());
	const target = app.collection(field.to);
	const made = await api.make(target.path, await new Maker(app, api).required(target));
	return server.key('--user', String(made.id));
}
