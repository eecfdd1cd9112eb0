// Operators of a change: computed from the record as it stands, in every type
// that has them, and in no other.

import assert from 'node:assert/strict';
import { Api, refused } from '../lib/api.mjs';
import { House } from '../lib/house.mjs';
import { uuid7 } from '../lib/ids.mjs';

const app = {
	app: 'operators',
	collections: {
		tags: { id: 'int', fields: { hidden: { type: 'bool', required: true, default: false } }, access: { read: '!hidden', create: true } },
		people: { fields: { mail: { type: 'email', unique: true, fold: true } }, access: { read: true, create: true, update: true, delete: true } },
		things: {
			fields: {
				n: { type: 'int', min: -10, max: 1000 },
				f: { type: 'float', max: 1e300 },
				d: { type: 'decimal', scale: 2, min: 0 },
				wide: { type: 'decimal', scale: 0 },
				day: { type: 'date', max: '2030-01-01' },
				at: { type: 'time' },
				words: { type: 'list', of: 'text', max: 5 },
				sizes: { type: 'list', of: 'float' },
				few: { type: 'list', of: 'text', min: 1 },
				tags: { type: 'refs', to: 'tags', max: 4 },
				people: { type: 'refs', to: 'people' },
				meta: { type: 'json' },
				text: { type: 'text' },
				kind: { type: 'enum', values: ['a', 'b'] },
			},
			access: { read: true, create: true, update: true, delete: true },
		},
	},
};
const house = new House('operators', app);

function changes(api, path) {
	return async (name, operator, expected) => {
		const answer = await api.patch(path, { [name]: operator });
		assert.equal(answer.status, 200, `${name} ${JSON.stringify(operator)}: ${answer.text}`);
		assert.deepEqual(answer.json[name], expected, `${name} ${JSON.stringify(operator)}`);
		assert.equal((await api.get(path)).text, answer.text);
		return answer;
	};
}

house.test('numbers are added to, from null too', async ({ api }) => {
	const path = `/things/${(await api.make('/things', {})).id}`, change = changes(api, path);
	await change('n', { $inc: 5 }, 5);
	await change('n', { $inc: -15 }, -10);
	refused(await api.patch(path, { n: { $inc: -1 } }), 422, { '#/n': 'too_small' });
	refused(await api.patch(path, { n: { $inc: 1011 } }), 422, { '#/n': 'too_large' });
	await change('f', { $inc: 0.5 }, 0.5);
	await change('f', { $inc: 1 }, 1.5);
	await change('f', { $inc: -1.5 }, 0);
	refused(await api.patch(path, { f: { $inc: 1.1e300 } }), 422, { '#/f': 'too_large' });
	await change('f', { $inc: -1.7e308 }, -1.7e308);
	refused(await api.patch(path, { f: { $inc: -1.7e308 } }), 422, { '#/f': 'too_small' });
	await change('d', { $inc: '0.10' }, '0.10');
	await change('d', { $inc: '0.2' }, '0.30');
	await change('d', { $inc: '-0.30' }, '0.00');
	refused(await api.patch(path, { d: { $inc: '-0.01' } }), 422, { '#/d': 'too_small' });
	refused(await api.patch(path, { d: { $inc: '0.001' } }), 422);
	await change('wide', { $inc: '999999999999999999' }, '999999999999999999');
	refused(await api.patch(path, { wide: { $inc: '1' } }), 422, { '#/wide': 'too_large' });
	refused(await api.patch(path, { wide: { $inc: '1' }, n: { $inc: -1 } }), 422, { '#/wide': 'too_large', '#/n': 'too_small' });
});

house.test('the lesser and the greater', async ({ api }) => {
	const path = `/things/${(await api.make('/things', {})).id}`, change = changes(api, path);
	for (const [name, low, middle, high] of [['n', 1, 5, 9], ['f', -1.5, 0, 2.5], ['d', '1.00', '5.00', '10.00'],
		['day', '2026-01-01', '2026-06-01', '2027-01-01'], ['at', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000001Z', '2026-02-01T00:00:00.000000Z']]) {
		await change(name, { $max: middle }, middle);
		const { etag } = await change(name, { $max: low }, middle);
		assert.equal((await change(name, { $min: high }, middle)).etag, etag, 'nothing changed');
		await change(name, { $max: high }, high);
		await change(name, { $min: low }, low);
		await api.patch(path, { [name]: null });
		await change(name, { $min: high }, high);
	}
	refused(await api.patch(path, { day: { $max: '2030-01-02' }, n: { $min: -11 } }), 422, { '#/day': 'too_large', '#/n': 'too_small' });
});

house.test('lists take and lose values', async ({ api }) => {
	const path = `/things/${(await api.make('/things', {})).id}`, change = changes(api, path);
	await change('words', { $append: 'a' }, ['a']);
	await change('words', { $append: ['b', 'a', 'a'] }, ['a', 'b', 'a', 'a']);
	await change('words', { $append: [] }, ['a', 'b', 'a', 'a']);
	refused(await api.patch(path, { words: { $append: ['x', 'y'] } }), 422, { '#/words': 'too_long' });
	await change('words', { $remove: 'a' }, ['b']);
	await change('words', { $remove: ['x', 'b'] }, []);
	refused(await api.patch(path, { words: { $append: 5 } }), 422);
	refused(await api.patch(path, { words: { $append: [['a']] } }), 422);
	await change('sizes', { $append: [1, 2.5, 1.0, -3] }, [1, 2.5, 1, -3]);
	await change('sizes', { $remove: [1.0, -3] }, [2.5]);
	await change('words', { $remove: 'nothing' }, []);
});

house.test('refs hold each id once, and only of what may be read', async ({ api }) => {
	const path = `/things/${(await api.make('/things', {})).id}`, change = changes(api, path);
	const tags = [];
	for (let i = 0; i < 5; i++)
		tags.push((await api.make('/tags', {})).id);
	const hidden = await api.post('/tags', { hidden: true, id: 1000 });
	assert.equal(hidden.status, 201);
	await change('tags', { $append: tags[2] }, [tags[2]]);
	await change('tags', { $append: [tags[0], tags[2], tags[0]] }, [tags[0], tags[2]]);
	const nowhere = refused(await api.patch(path, { tags: { $append: 9999 } }), 422, { '#/tags': 'reference' });
	const unseen = refused(await api.patch(path, { tags: { $append: 1000 } }), 422, { '#/tags': 'reference' });
	assert.equal(unseen.json.errors[0].detail.replace('1000', '9999'), nowhere.json.errors[0].detail);
	for (const asked of [await api.post('/things', { tags: [tags[0], 1000] }), await api.put(`/things/${uuid7()}`, { tags: [1000] }), await api.patch(path, { tags: [1000] })])
		assert.deepEqual(refused(asked, 422).json.errors.map((error) => error.code), ['reference']);
	refused(await api.patch(path, { tags: { $append: [tags[1], tags[3], tags[4]] } }), 422, { '#/tags': 'too_long' });
	await change('tags', { $remove: [tags[0], 9999] }, [tags[2]]);
	await change('tags', { $remove: tags[2] }, []);
	const people = [await api.make('/people', {}), await api.make('/people', {}), await api.make('/people', {})].map((each) => each.id).sort();
	await change('people', { $append: [people[2], people[0]] }, [people[0], people[2]]);
	await change('people', { $append: people[1] }, people);
	await change('people', { $remove: [people[2].toUpperCase(), people[0]] }, [people[1]]);
});

house.test('the bound that a result would miss is named', async ({ api }) => {
	const tags = [];
	for (let i = 0; i < 5; i++)
		tags.push((await api.make('/tags', {})).id);
	const path = `/things/${(await api.make('/things', { n: 0, f: 1, d: '1.00', wide: '1', day: '2026-01-01', tags: tags.slice(0, 4), words: ['a'], few: ['a'] })).id}`;
	for (const [name, operator, detail] of [
		['n', { $inc: 1001 }, 'would leave its range: at most 1000'], ['n', { $inc: -11 }, 'would leave its range: at least -10'],
		['n', { $inc: 9007199254740991 }, 'would leave its range: at most 1000'], ['n', { $min: -11 }, 'would leave its range: at least -10'],
		['f', { $inc: 1.1e300 }, 'would leave its range: at most 1e+300'], ['d', { $inc: '-1.01' }, 'would leave its range: at least 0.00'],
		['d', { $inc: '9999999999999999.99' }, 'would leave its range: at most 9999999999999999.99'],
		['wide', { $inc: '999999999999999999' }, 'would leave its range: at most 999999999999999999'],
		['day', { $max: '2030-01-02' }, 'would leave its range: not after 2030-01-01'],
		['words', { $append: ['b', 'c', 'd', 'e', 'f'] }, 'would have too many items: at most 5'],
		['tags', { $append: tags[4] }, 'would have too many items: at most 4'],
		['few', { $remove: 'a' }, 'would have too few items: at least 1'],
	]) {
		assert.equal(refused(await api.patch(path, { [name]: operator }), 422).json.errors[0].detail, `${name} ${detail}`);
	}
});

house.test('an operator stands alone, and where it is known', async ({ api }) => {
	const made = await api.make('/things', { n: 1, text: 'a' }), path = `/things/${made.id}`;
	for (const [name, value] of [
		['n', { $inc: 1, $max: 2 }], ['n', { $inc: 1, x: 2 }], ['n', { $nope: 1 }], ['n', { $append: 1 }], ['n', { $inc: null }], ['n', { $inc: '1' }],
		['n', { $inc: { $inc: 1 } }], ['n', {}], ['text', { $append: 'b' }], ['kind', { $max: 'b' }], ['day', { $inc: 1 }], ['d', { $inc: 'x' }], ['words', { $inc: 1 }], ['tags', { $min: 1 }],
	])
		refused(await api.patch(path, { [name]: value }), 422, { [`#/${name}`]: 'type' });
	const { detail } = (await api.patch(path, { n: { $nope: 1 } })).json.errors[0];
	assert.ok(['$inc', '$min', '$max'].every((word) => detail.includes(word)) && !detail.includes('$append'), detail);
	for (const asked of [await api.post('/things', { n: { $inc: 1 } }), await api.put(path, { n: { $inc: 1 } })])
		refused(asked, 422, { '#/n': 'type' });
	assert.deepEqual((await api.patch(path, { meta: { $inc: 1 } })).json.meta, { $inc: 1 });
	refused(await api.patch(path, { n: { $inc: 'x' }, text: 5, colour: 1, tags: [9999] }), 422,
		{ '#/n': 'type', '#/text': 'type', '#/colour': 'unknown', '#/tags': 'reference' });
});

house.test('64 clients at once lose nothing of one another', async ({ server, api }) => {
	const path = `/things/${(await api.make('/things', {})).id}`;
	const clients = Array.from({ length: 64 }, () => new Api(server));
	await Promise.all(clients.map(async (client, i) => {
		for (let round = 0; round < 4; round++) {
			const answer = await client.patch(path, { n: { $inc: 1 }, f: { $inc: 0.25 }, d: { $inc: '0.01' }, sizes: { $append: i }, at: { $max: `2026-01-01T00:00:00.0000${i + 10}Z` } });
			assert.equal(answer.status, 200, answer.text);
		}
		client.close();
	}));
	const { n, f, d, sizes, at } = (await api.get(path)).json;
	assert.deepEqual([n, f, d, at], [256, 64, '2.56', '2026-01-01T00:00:00.000073Z']);
	assert.deepEqual(sizes.sort((a, b) => a - b), Array.from({ length: 256 }, (_, i) => i >> 2));
});

house.test('a folded key finds in any case', async ({ api }) => {
	const made = await api.put('/people/mail:Ann@Example.org', {});
	assert.equal(made.status, 201, made.text);
	for (const path of ['/people/mail:ANN@example.ORG', '/people/mail:Ann@Example.org']) {
		assert.equal((await api.get(path)).json?.id, made.json.id);
		const put = await api.put(path, {});
		assert.equal(put.status, 200, put.text);
		assert.equal(put.json.id, made.json.id);
	}
	const put = await api.put('/people/mail:ann@EXAMPLE.org', { mail: 'ANN@example.org' });
	assert.equal(put.status, 200, put.text);
	assert.deepEqual([put.json.id, put.json.mail], [made.json.id, 'ANN@example.org']);
	const other = await api.put('/people/mail:bob@example.org', { mail: 'BOB@example.org' });
	assert.deepEqual([other.status, other.json?.mail], [201, 'BOB@example.org'], other.text);
	for (const mail of ['bob@example.org', null])
		refused(await api.put('/people/mail:ann@example.org', { mail }), 422, { '#/mail': 'readonly' });
});

house.close();
