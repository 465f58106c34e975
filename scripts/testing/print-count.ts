/** Says in the test's output how often what was tried, so that a race can be seen to have been one. */
export function printCount(what: string): void {
  console.log(what);
}
