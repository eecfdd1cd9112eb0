// The PostgreSQL cluster of the tests, in the folder that CAISSON_CLUSTER names.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './server.mjs';

/* Ends the cluster as a crash would, and starts it again. */
export function crashCluster() {
	for (const verb of ['crash', 'start']) {
		const ran = spawnSync(join(root, 'tests/cluster'), [verb, process.env.CAISSON_CLUSTER], { encoding: 'utf8' });
		if (ran.error || ran.status !== 0)
			throw new Error(`tests/cluster ${verb}: ${ran.error ?? ran.stderr}`);
	}
}
