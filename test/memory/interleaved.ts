// What another thread can see of stores and loads, on one thread: every atomic store or load of a piece of code is a
// place where the other side goes on.

/** Run `act`; after each atomic store that it makes the other side looks. */
export function afterEachStore(act: () => void, look: () => void): void {
  const { store } = Atomics;
  let looking = false;
  Atomics.store = ((words: Int32Array, at: number, value: number): number => {
    store(words, at, value);
    if (!looking) {
      looking = true;
      look();
      looking = false;
    }
    return value;
  }) as typeof Atomics.store;
  try {
    act();
  } finally {
    Atomics.store = store;
  }
}

/** Run `act`; before its n-th atomic load, from 0, the other side is told n. */
export function beforeEachLoad<T>(act: () => T, meanwhile: (loads: number) => void): T {
  const { load } = Atomics;
  let loads = 0;
  Atomics.load = ((words: Int32Array, at: number): number => {
    meanwhile(loads++);
    return load(words, at);
  }) as typeof Atomics.load;
  try {
    return act();
  } finally {
    Atomics.load = load;
  }
}
