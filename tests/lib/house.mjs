// A house is one server that the conversations of a file share.  It starts with
// the first of them, is started again if one of them broke it, and its last
// test asks that it stopped politely and that no sanitizer spoke.

import test from 'node:test';
import { Api } from './api.mjs';
import { Server } from './server.mjs';

export class House {
	constructor(name, app, options = {}) {
		Object.assign(this, { name, app, options, servers: [] });
	}

	/* One conversation: told to a guest's api and the server. */
	test(name, conversation, options = {}) {
		test(`${this.name}: ${name}`, { timeout: 120000, ...options }, async (t) => {
			const server = await this.server();
			const api = new Api(server);
			try {
				await conversation({ t, server, api, house: this, ...this.given });
			} finally {
				api.close();
			}
		});
	}

	async server() {
		const last = this.servers.at(-1);
		if (last?.isRunning())
			return last;
		const server = await Server.start(this.app, this.options);
		this.servers.push(server);
		this.given = await this.options.prepare?.(server, new Api(server)) ?? {};
		return server;
	}

	close() {
		test(`${this.name}: the server ends well`, { timeout: 60000 }, async () => {
			const ends = [];
			for (const server of this.servers)
				ends.push(await server.release().then(() => null, (error) => error));
			const bad = ends.filter((end) => end !== null);
			if (bad.length > 0)
				throw new Error(bad.map((error) => error.message).join('\n'));
		});
	}
}
