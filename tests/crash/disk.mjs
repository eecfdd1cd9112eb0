// What the programs that make their own disk share: an ext4 in a file, mounted.
// Needs root.  The disk is gone when the process ends.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function run(program, ...args) {
	const ran = spawnSync(program, args, { encoding: 'utf8' });
	if (ran.error || ran.status !== 0)
		throw new Error(`${program} ${args.join(' ')}: ${ran.error ?? ran.stderr}`);
}

export class Disk {
	constructor(size) {
		this.work = mkdtempSync(join(tmpdir(), 'caisson-disk-'));
		this.image = join(this.work, 'image');
		this.mountpoint = join(this.work, 'disk');
		run('truncate', '-s', size, this.image);
		run('mkfs.ext4', '-q', '-F', '-m', '0', this.image);
		mkdirSync(this.mountpoint);
		this.mount();
		process.on('exit', () => {
			spawnSync('umount', ['-l', this.mountpoint]);
			rmSync(this.work, { recursive: true, force: true });
		});
		for (const signal of ['SIGINT', 'SIGTERM'])
			process.on(signal, () => process.exit(1));
	}

	mount() {
		run('mount', '-o', 'loop', this.image, this.mountpoint);
	}

	remount() {
		run('umount', this.mountpoint);
		this.mount();
	}
}
