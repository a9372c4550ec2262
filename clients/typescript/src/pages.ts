/** One page of matches, and the number of all of them. */
export interface Page<Item> {
    data: Item[];
    count: number;
    /** Leads to the next page, in constant time however far back. Only lists of sessions have it. */
    next_cursor?: string | null;
}

interface Place {
    limit?: number;
    cursor?: string;
    offset?: number;
}

/** A list: `await` gives its first page, `for await` every item of all pages. */
export class Listing<Item> implements PromiseLike<Page<Item>>, AsyncIterable<Item> {
    readonly #read: (place: Place) => Promise<Page<Item>>;

    constructor(read: (place: Place) => Promise<Page<Item>>) {
        this.#read = read;
    }

    then<Result = Page<Item>, Failed = never>(
        done?: ((page: Page<Item>) => Result | PromiseLike<Result>) | null,
        failed?: ((reason: unknown) => Failed | PromiseLike<Failed>) | null,
    ): Promise<Result | Failed> {
        return this.#read({}).then(done, failed);
    }

    async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
        let place: Place | undefined = {};
        let seen = 0;
        while (place) {
            const page: Page<Item> = await this.#read({ limit: 100, ...place });
            yield* page.data;
            seen += page.data.length;
            if (page.next_cursor) place = { cursor: page.next_cursor };
            else if (place.cursor || !page.data.length || seen >= page.count) place = undefined;
            else place = { offset: seen };
        }
    }
}
