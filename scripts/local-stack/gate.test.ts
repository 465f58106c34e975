import { expect, test } from "vitest";
import { createGate } from "./gate.ts";

test("runs at most as many tasks at once as it has places, in the order they came", async () => {
  const gate = createGate(2);
  const order: number[] = [];
  let now = 0;
  let most = 0;
  const task = (id: number) => async () => {
    order.push(id);
    now += 1;
    most = Math.max(most, now);
    await new Promise(setImmediate);
    now -= 1;
  };
  await Promise.all([1, 2, 3, 4, 5].map((id) => gate(task(id))));
  expect(order).toEqual([1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});

test("gives a failed task's place to the next", async () => {
  const gate = createGate(1);
  await expect(gate(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await expect(gate(async () => "next")).resolves.toBe("next");
});
