import { CallEnded } from './errors.ts'

export interface SendOptions {
  readonly abortSignal: AbortSignal
}

/** The signal ends the request; credentials are got before it and know no signal, so the wait itself ends too. */
export async function within<Output>(
  abortSignal: AbortSignal,
  why: () => string,
  send: (options: SendOptions) => Promise<Output>,
): Promise<Output> {
  const ended = Promise.withResolvers<never>()
  const end = () => ended.reject(new CallEnded(why()))
  abortSignal.addEventListener('abort', end, { once: true })
  if (abortSignal.aborted) end()
  try {
    return await Promise.race([send({ abortSignal }), ended.promise])
  } finally {
    abortSignal.removeEventListener('abort', end)
  }
}
