import type { Told } from "./channel.ts";
import { nameOf, wordsOf } from "./words.ts";

export interface Email {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** The mail to a salon's owner. */
export function emailOf(told: Told): Email {
  const { title, owner } = wordsOf(told);
  const salon = nameOf(told);
  const footer = `You get this mail as the owner of ${salon} at Salon Flow.`;
  const paragraphs = ["Hello,", ...owner, "Salon Flow", footer];
  return {
    subject: `${salon}: ${title}`,
    text: `${paragraphs.join("\n\n")}\n`,
    html: `<!doctype html><html lang="en"><body>${paragraphs.map((line) => `<p>${escapeHtml(line)}</p>`).join("")}</body></html>`,
  };
}

/** What the security team reads in Slack, in Slack's own markup: a name cannot ping a channel or hide a link. */
export function slackTextOf(told: Told): string {
  const { title, security } = wordsOf(told);
  const { salon_id } = told.notification;
  const subject = salon_id === null ? "Salon Flow platform" : `${nameOf(told)} (${salon_id})`;
  return `*${escapeSlack(`${subject}: ${title}`)}*\n${escapeSlack(security)}`;
}

const HTML: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => HTML[character] ?? character);
}

function escapeSlack(value: string): string {
  return value.replace(/[&<>]/g, (character) => HTML[character] ?? character);
}
