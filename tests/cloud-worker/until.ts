const everyMs = 15

/** Waits for a condition, looking often, and fails with `what` after `withinMs`. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const giveUpAtMs = Date.now() + withinMs
  while (!(await isTrue())) {
    if (Date.now() > giveUpAtMs) throw new Error(`Waited ${withinMs} ms for this: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
