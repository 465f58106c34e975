import { AppError } from "./errors.ts";

/** Gives `work` this long; then the wait ends with an `unavailable` that names the service and how to look. */
export async function withDeadline<T>(
  service: string,
  remedy: string,
  ms: number,
  work: Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `${service} did not answer within ${ms / 1000} s; ${remedy}.`;
      reject(new AppError("unavailable", message, { context: { service } }));
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
