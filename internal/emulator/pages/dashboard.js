'use strict';
// Keeps the page as it would be after a reload. Without this script the page
// is a snapshot, with a link that reloads it.
(() => {
	const stream = document.getElementById('stream');
	let pressing = false; // a button that is replaced while it is pressed would not act
	let wanted = false;
	let running = false;

	const say = text => { if (stream.textContent !== text) stream.textContent = text; };

	// replace puts the new part in place of the old, and leaves open what was
	// opened, and the focus where it was.
	const replace = (old, fresh) => {
		if (old.innerHTML === fresh.innerHTML) return;
		const open = [...old.querySelectorAll('details[open]')].map(details => details.id);
		const focused = old.contains(document.activeElement) ? document.activeElement.id : '';
		const scrolled = [...old.querySelectorAll('ol')].map(list => list.scrollTop);
		const part = document.importNode(fresh, true);
		old.replaceWith(part);
		for (const id of open) {
			const details = document.getElementById(id);
			if (details) details.open = true;
		}
		[...part.querySelectorAll('ol')].forEach((list, i) => { list.scrollTop = scrolled[i] || 0; });
		if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
	};

	const refresh = async () => {
		wanted = true;
		if (running) return;
		running = true;
		while (wanted) {
			wanted = false;
			try {
				const answer = await fetch('/_emulator/');
				if (!answer.ok) throw new Error(answer.statusText);
				const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
				while (pressing) await new Promise(done => setTimeout(done, 50));
				for (const old of document.querySelectorAll('[data-live]')) {
					const part = fresh.getElementById(old.id);
					if (part) replace(old, part);
				}
			} catch {
				say('The emulator does not answer.');
			}
			await new Promise(done => setTimeout(done, 300)); // events may come by the thousand
		}
		running = false;
	};

	addEventListener('pointerdown', () => { pressing = true; });
	for (const end of ['pointerup', 'pointercancel']) addEventListener(end, () => setTimeout(() => { pressing = false; }, 50));

	const events = new EventSource('/_emulator/events');
	events.onopen = () => { say('Live: it shows what happens as it happens.'); refresh(); };
	events.onerror = () => { say('The emulator does not answer. Trying again…'); };
	for (const kind of ['request', 'change']) events.addEventListener(kind, refresh);
	// Time passes without an event.
	setInterval(() => { if (!document.hidden && events.readyState === EventSource.OPEN) refresh(); }, 5000);
})();
