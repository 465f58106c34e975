import { describe, expect, it } from "vitest";
import { Member, reaches } from "./membership.ts";

describe("a role", () => {
  it.each([
    ["staff", { staff: true, manager: false, owner: false }],
    ["manager", { staff: true, manager: true, owner: false }],
    ["owner", { staff: true, manager: true, owner: true }],
    ["operator", { staff: true, manager: true, owner: true }],
  ] as const)("%s may do what these may", (role, table) => {
    expect({
      staff: reaches(role, "staff"),
      manager: reaches(role, "manager"),
      owner: reaches(role, "owner"),
    }).toEqual(table);
  });

  it("of a stored member is never operator, nor anything else that is not on the list", () => {
    expect(Member.safeParse({ role: "operator" }).success).toBe(false);
    expect(Member.safeParse({ role: "Owner" }).success).toBe(false);
    expect(Member.parse({ role: "owner", invited_by_sms: true })).toEqual({
      role: "owner",
      added_at: null,
      added_by: null,
    });
  });
});
