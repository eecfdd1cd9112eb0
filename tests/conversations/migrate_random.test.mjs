// Random pairs of apps: after `apply` the tables are those that the new app
// alone would have made, word for word, and what stayed of a column has the
// values that it had.  Rows are written with SQL, for it is the tables that count.

import assert from 'node:assert/strict';
import test from 'node:test';
import { makeFolder, Server, writeAppFile } from '../lib/server.mjs';
import { isPostgres } from '../lib/database.mjs';
import { rows, schema, sql, sqlitePath } from '../lib/tables.mjs';
import { uuid7 } from '../lib/ids.mjs';

const STEPS = Number(process.env.CAISSON_TEST_MIGRATIONS ?? (isPostgres ? 10 : 16));
const SEED = Number(process.env.CAISSON_TEST_SEED ?? Date.now() % 1000000);
const TYPES = ['text', 'int', 'bool', 'enum', 'time', 'float', 'decimal', 'date', 'json', 'list', 'email', 'url', 'ref', 'refs'];
const NAMES = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta'];

let state = SEED;

function random(below) {
	state = (Math.imul(state, 1103515245) + 12345) >>> 0;
	return Math.floor((state >>> 8) / 2 ** 24 * below);
}

const pick = (items) => items[random(items.length)];
const chance = (percent) => random(100) < percent;

/* --- apps ------------------------------------------------------------- */

function randomField(app) {
	const type = pick(TYPES), field = { type };
	if (type === 'enum')
		field.values = ['red', 'green', 'blue', "it's"].slice(0, 2 + random(3));
	if (type === 'decimal')
		field.scale = random(4);
	if (type === 'list')
		field.of = pick(['text', 'int', 'float', 'bool']);
	if (type === 'ref' || type === 'refs')
		field.to = pick(Object.keys(app.collections));
	if (type === 'ref')
		field.on_delete = pick(['restrict', 'cascade', 'set_null']);
	return decorate(field);
}

const DEFAULTS = { text: 'x', int: 3, bool: true, time: '2026-01-01T00:00:00Z', float: 0.5, date: '2026-01-01', email: 'a@b.example', url: 'https://a.example/' };

/* Attributes that may be there or not. */
function decorate(field) {
	const scalar = !['json', 'list', 'refs'].includes(field.type);
	for (const name of ['required', 'unique', 'index', 'fold', 'default', 'min', 'max'])
		delete field[name];
	if (field.type in DEFAULTS && chance(40))
		field.default = DEFAULTS[field.type];
	if (['time', 'date'].includes(field.type) && chance(20))
		field.default = 'now';
	if (field.type === 'enum' && chance(40))
		field.default = field.values[0];
	if (field.type !== 'refs' && field.on_delete !== 'set_null' && chance(30) && (field.default !== undefined || chance(10)))
		field.required = true;
	if (scalar && chance(25))
		field.index = true;
	if (scalar && field.type !== 'bool' && chance(8))
		field.unique = true;
	if (['text', 'email'].includes(field.type) && chance(30))
		field.fold = true;
	if (['text', 'int'].includes(field.type) && chance(40))
		field.max = 20 + random(100);
	if (['text', 'int'].includes(field.type) && chance(20))
		field.min = random(3);
	return field;
}

function freeName(taken) {
	return pick(NAMES.filter((name) => !(name in taken)));
}

function addCollection(app) {
	const name = freeName(app.collections);
	if (name === undefined || Object.keys(app.collections).length > 4)
		return;
	app.collections[name] = { fields: {}, ...(chance(40) ? { id: 'int' } : {}), access: { read: true } };
	for (let i = 1 + random(4); i > 0; i--)
		addField(app, app.collections[name]);
}

function addField(app, collection) {
	const name = freeName(collection.fields);
	if (name === undefined)
		return;
	const entries = Object.entries(collection.fields);
	entries.splice(random(entries.length + 1), 0, [name, randomField(app)]);
	collection.fields = Object.fromEntries(entries);
}

function forget(list, name) {
	return (list ?? []).filter((index) => !index.some((each) => each.replace('-', '') === name));
}

function dropField(app, collection) {
	const name = pick(Object.keys(collection.fields));
	if (name === undefined)
		return;
	delete collection.fields[name];
	collection.indexes = forget(collection.indexes, name);
	collection.unique = forget(collection.unique, name);
}

function renameField(app, collection) {
	const from = pick(Object.keys(collection.fields)), to = freeName(collection.fields);
	if (from === undefined || to === undefined)
		return;
	collection.fields = Object.fromEntries(Object.entries(collection.fields)
		.map(([name, field]) => name === from ? [to, { ...field, was: from }] : [name, field]));
	const renamed = (index) => index.map((each) => each.replace(/[a-z_]+/, (word) => word === from ? to : word));
	collection.indexes = collection.indexes?.map(renamed);
	collection.unique = collection.unique?.map(renamed);
}

function changeField(app, collection) {
	const name = pick(Object.keys(collection.fields));
	if (name !== undefined)
		decorate(collection.fields[name]);
}

const KEEPING = { int: ['float', 'decimal', 'text', 'json'], bool: ['int', 'text'], enum: ['text'], email: ['text'], url: ['text'], date: ['time', 'text'],
	time: ['date', 'text'], text: ['int', 'enum', 'date', 'decimal', 'email'], list: ['json'], ref: ['refs'], refs: ['ref'], decimal: ['decimal', 'text', 'int'] };

function retypeField(app, collection) {
	const name = pick(Object.keys(collection.fields)), field = collection.fields[name];
	if (name === undefined)
		return;
	const type = chance(75) && KEEPING[field.type] ? pick(KEEPING[field.type]) : pick(TYPES);
	const fresh = randomField(app);
	collection.fields[name] = decorate({ type, ...(type === 'enum' ? { values: ['red', 'green', '7'] } : {}), ...(type === 'decimal' ? { scale: random(4) } : {}),
		...(type === 'list' ? { of: 'text' } : {}), ...(['ref', 'refs'].includes(type) ? { to: field.to ?? fresh.to ?? Object.keys(app.collections)[0] } : {}) });
	collection.indexes = forget(collection.indexes, name);
	collection.unique = forget(collection.unique, name);
}

function changeIndexes(app, collection) {
	const names = Object.keys(collection.fields).filter((name) => !['json', 'list', 'refs'].includes(collection.fields[name].type));
	if (chance(30) || names.length < 2) {
		collection.indexes = [];
		collection.unique = [];
	} else if (chance(70)) {
		collection.indexes = [...(collection.indexes ?? []), [names[0], `-${names[1]}`]].slice(-1);
	} else {
		collection.unique = [[names[0], names[1]]];
	}
}

function dropCollection(app) {
	const name = pick(Object.keys(app.collections));
	if (Object.keys(app.collections).length < 2)
		return;
	delete app.collections[name];
	for (const collection of Object.values(app.collections))
		for (const [field, { to }] of Object.entries(collection.fields))
			if (to === name) {
				delete collection.fields[field];
				collection.indexes = forget(collection.indexes, field);
				collection.unique = forget(collection.unique, field);
			}
}

function renameCollection(app) {
	const from = pick(Object.keys(app.collections)), to = freeName(app.collections);
	if (to === undefined)
		return;
	app.collections = Object.fromEntries(Object.entries(app.collections)
		.map(([name, collection]) => name === from ? [to, { ...collection, was: from }] : [name, collection]));
	for (const collection of Object.values(app.collections))
		for (const field of Object.values(collection.fields))
			if (field.to === from)
				field.to = to;
}

function changeIds(app) {
	const collection = pick(Object.values(app.collections));
	if (chance(85))
		return;
	if (collection.id)
		delete collection.id;
	else
		collection.id = 'int';
}

function forgetRenames(app) {
	for (const collection of Object.values(app.collections)) {
		delete collection.was;
		Object.values(collection.fields).forEach((field) => delete field.was);
	}
}

function mutate(app) {
	const next = structuredClone(app);
	forgetRenames(next);
	for (let i = 1 + random(4); i > 0; i--) {
		const collection = pick(Object.values(next.collections));
		const change = pick([addField, addField, dropField, renameField, changeField, changeField, retypeField, retypeField, changeIndexes,
			addCollection, dropCollection, renameCollection, changeIds]);
		change(next, collection);
	}
	return next;
}

/* --- rows ------------------------------------------------------------- */

const literal = (text) => `'${String(text).replace(/'/g, "''")}'`;

function storedValue(field, ids) {
	const n = random(1000);
	switch (field.type) {
	case 'text': return literal(pick([`text ${n}`, String(n), 'red', '2026-01-05', `Ärger ${n}`, `x@y${n}.example`, '1.50']));
	case 'int': return String(pick([n, -n, 0, 1]));
	case 'bool': return isPostgres ? pick(['true', 'false']) : pick(['1', '0']);
	case 'enum': return literal(pick(field.values));
	case 'time': return isPostgres ? `'2026-01-0${1 + random(9)}T00:00:0${random(9)}Z'` : String(1767225600000000 + n * 43200000000);
	case 'float': return String(n / 8);
	case 'decimal': return isPostgres ? (n / 10 ** field.scale).toFixed(field.scale) : String(n);
	case 'date': return isPostgres ? `'2026-01-0${1 + random(9)}'` : String(20454 + random(1000));
	case 'json': return literal(pick(['{"a":1}', '["x"]', '7', '[]']));
	case 'list': return literal({ text: '["a"]', int: '[1,2]', float: '[0.5]', bool: '[true]' }[field.of]);
	case 'email': return literal(`a${n}@b.example`);
	case 'url': return literal(`https://a.example/${n}`);
	case 'ref': return ids[field.to]?.length ? ids[field.to][0] : 'NULL';
	default: return "'[]'";
	}
}

function storedId(collection, n) {
	const id = uuid7();
	return collection.id ? String(1000 + n) : isPostgres ? `'${id}'` : `X'${id.replaceAll('-', '')}'`;
}

/* A few rows in each table, with what constraints allow; where one is refused there are fewer. */
function fill(target, app) {
	const ids = {};
	for (const [name, collection] of Object.entries(app.collections))
		for (let n = 0; n < 4; n++) {
			const id = storedId(collection, rowsMade++);
			const columns = ['id', 'created', 'updated', '_version'];
			const values = [id, ...(isPostgres ? ['now()', 'now()'] : ['1767225600000000', '1767225600000000']), '1'];
			for (const [field, type] of Object.entries(collection.fields)) {
				columns.push(field);
				values.push(type.required || type.type === 'refs' || chance(75) ? storedValue(type, ids) : 'NULL');
				if (type.fold) {
					columns.push(`_fold_${field}`);
					values.push(values.at(-1).toLowerCase());
				}
			}
			try {
				sql(target, `insert into "${name}" (${columns.map((column) => `"${column}"`).join(', ')}) values (${values.join(', ')})`);
				(ids[name] ??= []).push(id);
			} catch {
				/* a constraint */
			}
		}
}

let rowsMade = 0;

/* {collection: {id: {field: stored text}}} */
function readAll(target, app) {
	const all = {};
	for (const [name, collection] of Object.entries(app.collections)) {
		const fields = Object.keys(collection.fields);
		const shown = ['id', ...fields].map((field) => isPostgres ? `coalesce("${field}"::text, '~')` : `quote("${field}")`);
		all[name] = Object.fromEntries(rows(target, `select ${shown.join(', ')} from "${name}"`)
			.map(([id, ...values]) => [id, Object.fromEntries(fields.map((field, i) => [field, values[i]]))]));
	}
	return all;
}

const isSame = (a, b) => a.type === b.type && a.scale === b.scale && a.of === b.of && a.to === b.to;

function checkKept(before, after, old, app, context) {
	for (const [name, collection] of Object.entries(app.collections)) {
		const oldName = old.collections[name] ? name : collection.was;
		const oldCollection = old.collections[oldName];
		if (!oldCollection || oldCollection.id !== collection.id)
			continue;
		assert.deepEqual(Object.keys(after[name]).sort(), Object.keys(before[oldName]).sort(), `${context}: the records of ${name}`);
		for (const [fieldName, field] of Object.entries(collection.fields)) {
			const oldField = oldCollection.fields[fieldName] ? fieldName : field.was;
			const was = oldCollection.fields[oldField];
			if (!was || !isSame({ ...was, to: undefined }, { ...field, to: undefined }) || ['ref', 'refs'].includes(field.type))
				continue;
			for (const id of Object.keys(after[name]))
				assert.equal(after[name][id][fieldName], before[oldName][id][oldField], `${context}: ${name}.${fieldName} of ${id}`);
		}
	}
}

/* --- the walk --------------------------------------------------------- */

function target(server) {
	return isPostgres ? server.database.url : sqlitePath(server.folder, 'walk');
}

/* The tables that ${app} alone makes. */
function freshSchema(app) {
	const server = new Server(makeFolder(app));
	try {
		server.key();
		return schema(target(server));
	} finally {
		server.drop();
	}
}

function nextApp(server, app) {
	for (;;) {
		const next = mutate(app);
		if (JSON.stringify(next) === JSON.stringify(app))
			continue;
		writeAppFile(server.folder, next);
		if (server.run(['check', '-C', server.folder]).status === 0)
			return next;
	}
}

test(`${STEPS} random changes of an app, seed ${SEED}`, { timeout: 600000 }, () => {
	let app = { app: 'walk', collections: { alpha: { fields: { beta: { type: 'text' } }, access: { read: true } } } };
	addCollection(app);
	addCollection(app);
	const server = new Server(makeFolder({ app: 'walk', collections: {} }));
	let applied = 0, refused = 0;
	try {
		app = nextApp(server, app);
		server.key();
		fill(target(server), app);
		for (let step = 0; step < STEPS; step++) {
			const next = nextApp(server, app);
			const context = `seed ${SEED} step ${step}\n${JSON.stringify(app)}\n${JSON.stringify(next)}`;
			const before = readAll(target(server), app), tables = schema(target(server));
			const ran = server.run(['apply', '--yes', '--allow-loss', '--no-backup', '-C', server.folder]);
			if (ran.status !== 0) {
				assert.match(ran.stderr, /records do not fit|would refer to one/, `${context}\n${ran.stdout}${ran.stderr}`);
				assert.equal(schema(target(server)), tables, `${context}: a refusal changes nothing`);
				refused++;
				if (chance(50))
					for (const name of Object.keys(app.collections))
						try { sql(target(server), `delete from "${name}"`); } catch { /* on_delete: restrict */ }
				continue;
			}
			applied++;
			assert.equal(schema(target(server)), freshSchema(next), `${context}\n${ran.stdout}`);
			checkKept(before, readAll(target(server), next), app, next, context);
			app = next;
			if (chance(40))
				fill(target(server), app);
		}
	} finally {
		server.drop();
	}
	assert.ok(applied > refused / 3, `${applied} applied, ${refused} refused`);
});
