/**
 * Request bodies that can be sent more than once, byte for byte: a retry after a challenge and a redirect both need that.
 * What is immutable is kept as it is. Nothing is copied that the platform would not copy too, but for a form, which is
 * written out once so that its boundary stays the same.
 */

/** A body, and how to get it again. */
export interface ReplayableBody {
  /** What to hand to `fetch` or `Request` for one send. */
  open(): BodyInit | null;
  /** The content type that goes with it when the caller names none. */
  readonly contentType?: string | undefined;
  /** Whether `open` gives a stream, which needs `duplex: "half"`. */
  readonly streams: boolean;
  /** The current send is the last one. */
  settle(): void;
  /** Nothing will be sent any more. */
  discard(): void;
}

/** Make the body of a request replayable; a form takes a promise. Streams are read only as they are sent. */
export function replayable(body: unknown): ReplayableBody | Promise<ReplayableBody> {
  if (body === undefined || body === null) return noBody;
  if (typeof body === "string") return constant(body, plainText);
  if (body instanceof Blob) return constant(body, body.type === "" ? undefined : body.type);
  if (body instanceof URLSearchParams) {
    return constant(body.toString(), "application/x-www-form-urlencoded;charset=UTF-8");
  }
  // A Blob is a copy that later changes to the caller's buffer cannot reach, and is itself never copied again.
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return constant(new Blob([body as BlobPart]));
  if (body instanceof FormData) return written(body);
  if (body instanceof ReadableStream) return new ReplayableStream(body.getReader());
  // Node's fetch takes async iterables too.
  if (isAsyncIterable(body)) return new ReplayableStream(iterableSource(body));
  return constant(String(body), plainText);
}

async function written(body: FormData): Promise<ReplayableBody> {
  const form = new Response(body);
  // Not `form.blob()`: a Blob's type is lowercase, and a boundary may not be.
  return constant(new Blob([await form.arrayBuffer()]), form.headers.get("content-type") ?? undefined);
}

const plainText = "text/plain;charset=UTF-8";

/** The body of a request that has none. */
export const noBody: ReplayableBody = constant(null);

function constant(body: string | Blob | null, contentType?: string): ReplayableBody {
  return { open: () => body, contentType, streams: false, settle() {}, discard() {} };
}

function isAsyncIterable(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/** Where the chunks of a stream come from: a reader, or what looks like one. */
interface ChunkSource {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<unknown>;
}

function iterableSource(iterable: AsyncIterable<Uint8Array>): ChunkSource {
  const iterator = iterable[Symbol.asyncIterator]();
  return {
    read: async () => {
      const { done = false, value } = await iterator.next();
      return { done, value };
    },
    cancel: async () => iterator.return?.(),
  };
}

/**
 * A stream that is sent as it is read. The chunks that went out are kept until it is known that no further send
 * follows; then they are let go of, and the rest passes through.
 */
class ReplayableStream implements ReplayableBody {
  readonly streams = true;
  readonly #source: ChunkSource;
  readonly #chunks: Uint8Array[] = [];
  #reading: Promise<void> | undefined;
  #ended = false;
  #settled = false;
  #opened = 0;
  #cut = false;

  constructor(source: ChunkSource) {
    this.#source = source;
  }

  open(): ReadableStream<Uint8Array> {
    const turn = ++this.#opened;
    let next = 0;
    this.#cut = false;
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          while (next >= this.#chunks.length && !this.#ended) await this.#read();
          const chunk = this.#chunks[next];
          if (chunk === undefined) return controller.close();
          controller.enqueue(chunk);
          next += 1;
          if (this.#settled) this.#chunks.splice(0, next);
          if (this.#settled) next = 0;
        },
        // An early answer ends one send while the next may still want the rest, so the source stays open until the last.
        cancel: () => {
          if (turn !== this.#opened) return;
          this.#cut = true;
          if (this.#settled) this.discard();
        },
      },
      { highWaterMark: 0 },
    );
  }

  settle(): void {
    this.#settled = true;
    if (this.#cut) this.discard();
  }

  discard(): void {
    this.#source.cancel().catch(() => {});
  }

  /** One read at a time: a send that was cut off may still wait for the chunk that the next send needs. */
  #read(): Promise<void> {
    this.#reading ??= this.#source
      .read()
      .then(({ done, value }) => {
        if (done || value === undefined) this.#ended = true;
        else this.#chunks.push(value);
      })
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }
}
