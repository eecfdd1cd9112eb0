// The app that the cases ask: records 1 to 3, and a few files.

import { PROBE_PATH, PROBE_TEXT, Talk } from './talk.mjs';

const open = { read: true, create: true, update: true, delete: true };
const fields = { name: { type: 'text', required: true } };

export const app = {
	app: 'wire',
	api: { prefix: '/v1' },
	database: 'sqlite:data/wire.db',
	collections: {
		items: { id: 'int', fields, access: open },
		sealed: { id: 'int', fields, access: { ...open, create: 'auth.id != null' } },
	},
};

export const files = {
	'seed/items.ndjson': ['one', 'two', 'three'].map((name, i) => `${JSON.stringify({ id: i + 1, name })}\n`).join(''),
	[`public${PROBE_PATH}`]: PROBE_TEXT,
	'public/file.txt': 'abcdefghijklmnopqrstuvwxyz',
	'public/index.html': '<!doctype html><title>root</title>',
	'public/guide/index.html': '<!doctype html><title>guide</title>',
	'public/.env': 'hidden',
};

/* What the bytes of the cases name in braces, as the server on ${port} has it. */
export async function words(port) {
	const talk = await Talk.open(port);
	const get = (path) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`, 'latin1');
	const { answers: [item, file] } = await talk.say([get('/v1/items/1'), get('/file.txt')], { pause_ms: 50, probe_ms: 100 });
	talk.close();
	return { etag: item?.fields.get('etag'), file_etag: file?.fields.get('etag'), file_date: file?.fields.get('last-modified') };
}
