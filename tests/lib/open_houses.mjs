// A house for each app of tests/apps with its doors opened, for conversations
// that any app can have: they are told {app, maker, api, server}, api being a
// signed-in caller.

import { Api } from './api.mjs';
import { caller, Maker, opened, testApps } from './apps.mjs';
import { House } from './house.mjs';

export function openHouses(options = {}) {
	const apps = testApps();
	if (apps.length < 2 && !process.env.CAISSON_TEST_APPS)
		throw new Error(`${apps.length} apps in tests/apps: conversations are held on two at least`);
	return apps.map(opened).map((app) => {
		const house = new House(app.name, app.file, {
			...options,
			async prepare(server, guest) {
				guest.prefix = app.prefix;
				return { app, key: await caller(server, app, guest) };
			},
		});
		const plain = house.test.bind(house);
		house.test = (name, conversation, rest) => plain(name, async (given) => {
			const api = new Api(given.server, { key: given.key, prefix: app.prefix });
			try {
				await conversation({ ...given, api, maker: new Maker(app, api) });
			} finally {
				api.close();
			}
		}, rest);
		house.app_described = app;
		return house;
	});
}

/* Says a conversation on every app. */
export function tell(houses, name, conversation, options) {
	for (const house of houses)
		house.test(name, conversation, options);
}
