// The product's own table of people: in memory, and in a file that is replaced as a whole. It knows nothing of SCIM.
import fs from 'node:fs/promises';

/** People by their ids, and how far the table has followed the store. */
export class People {
  #file;
  #people = new Map();
  #sequence = 0;

  constructor(file) {
    this.#file = file;
  }

  /** Reads what an earlier run has left. */
  async load() {
    let text;
    try {
      text = await fs.readFile(this.#file, 'utf8');
    } catch (error) {
      if (error.code === 'ENOENT') return;
      throw error;
    }
    const { sequence, people } = JSON.parse(text);
    this.#sequence = sequence;
    this.replace(people);
  }

  /** The number of the last change that the table has followed. */
  get sequence() {
    return this.#sequence;
  }

  /** Everybody, by user name. */
  list() {
    return [...this.#people.values()].sort((one, other) =>
      one.userName < other.userName ? -1 : one.userName > other.userName ? 1 : 0,
    );
  }

  /** Takes these people in place of all others. */
  replace(people) {
    this.#people = new Map(people.map((person) => [person.id, person]));
  }

  /** Adds or changes somebody. */
  put(person) {
    this.#people.set(person.id, person);
  }

  /** Removes somebody. */
  remove(id) {
    this.#people.delete(id);
  }

  /** Writes the table and the number together: after a crash both are old, or both are new. */
  async save(sequence) {
    this.#sequence = sequence;
    const draft = `${this.#file}.new`;
    const file = await fs.open(draft, 'w');
    try {
      await file.writeFile(JSON.stringify({ sequence, people: [...this.#people.values()] }));
      await file.datasync();
    } finally {
      await file.close();
    }
    await fs.rename(draft, this.#file);
  }
}
