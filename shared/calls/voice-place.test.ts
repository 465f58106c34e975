import { expect, test } from "vitest";
import { CommunicationSettings } from "#shared/salons/communication-settings.ts";
import { type Place, placeIn, placeSegments } from "./voice-place.ts";

const settings = CommunicationSettings.parse({ default_language: "te" });

test("a place is found again in its own segments", () => {
  const place: Place = { step: "menu", language: "hi", turn: 12, misses: 2 };
  expect(placeSegments(place)).toEqual(["menu", "hi", "12", "2"]);
  expect(placeIn(placeSegments(place), settings)).toEqual(place);
});

test.each([[[]], [["greeting"]], [["unknown", "hi", "1", "0"]], [["__proto__"]]])(
  "%j is the beginning of a call",
  (segments) => {
    expect(placeIn(segments, settings)).toBeUndefined();
  },
);

test.each([[["menu"]], [["menu", "fr", "-1", "x"]], [["menu", "", "1e3", "999"]]])(
  "what is missing or wrong in %j is as at the beginning",
  (segments) => {
    expect(placeIn(segments, settings)).toEqual({ step: "menu", language: "te", turn: 1, misses: 0 });
  },
);
