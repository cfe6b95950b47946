import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { htmlReporter } from "../../../replay/reporters/html/html.ts";
import { junitReporter } from "../../../replay/reporters/junit.ts";
import { HOSTILE, triagedReport } from "../../../replay/reporters/triaged-report.testkit.ts";

const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** Where to keep a picture of the page, if it is wanted. */
const PICTURE = process.env.REPORT_PICTURE;

if (!existsSync(BROWSER)) console.warn(`skipped: no Chromium at ${BROWSER}; install Debian's chromium or set CHROMIUM`);

describe.skipIf(!existsSync(BROWSER))("the HTML report in a browser", () => {
  const folder = mkdtempSync(join(tmpdir(), "qkc-page-"));
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The page draws when it hears that its address changed, which is after the address can be seen. */
  const shows = (page: Page, text: string) => expect.poll(() => page.textContent("#shown")).toBe(text);

  /** Opens a report as a file, without a network; `complaints` collects errors of the page and requests to anywhere. */
  async function open(name: string, html: string, hash = ""): Promise<{ page: Page; complaints: string[] }> {
    const file = join(folder, `${name}.html`);
    writeFileSync(file, html);
    const context = await browser.newContext({ offline: true, viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("dialog", (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      return dialog.dismiss();
    });
    page.on("request", (request) => /^(file|data):/.test(request.url()) || complaints.push(request.url()));
    await page.goto(`${pathToFileURL(file)}${hash}`);
    return { page, complaints };
  }

  test("ten thousand divergences: only rows in sight exist, filters narrow them, the address keeps them", async () => {
    const { page, complaints } = await open("many", htmlReporter.render(triagedReport(10_000)));
    await shows(page, "10000 of 10000");
    expect(await page.locator("#rows a").count()).toBeLessThan(100);
    await page.selectOption('#filters [name="shard"]', "0x10001");
    await shows(page, "5000 of 10000");
    await page.selectOption('#filters [name="class"]', "EIP-2929");
    await page.fill('#filters [name="from"]', "1");
    await page.fill('#filters [name="to"]', "10");
    await page.fill('#filters [name="text"]', "block 3003");
    await shows(page, "1 of 10000");
    await page.waitForURL(/#list\?shard=0x10001&class=EIP-2929&from=1&to=10/);
    const address = page.url();
    const again = await open("many", htmlReporter.render(triagedReport(10_000)), new URL(address).hash);
    await shows(again.page, "1 of 10000");
    expect([...complaints, ...again.complaints]).toEqual([]);
  });

  test("scrolling shows later rows; a cell of the strip narrows the list to its root blocks", async () => {
    const { page, complaints } = await open("strip", htmlReporter.render(triagedReport(10_000)));
    await page.locator("#list").evaluate((list) => list.scrollTo(0, 28 * 5000));
    await page.locator("#rows .place", { hasText: /block 5000$/ }).waitFor();
    await page.locator(".strip-row").nth(1).locator("button").first().click();
    await page.waitForURL(/#list\?shard=0x1&from=1&to=9$/);
    await shows(page, "50 of 10000");
    expect(complaints).toEqual([]);
  });

  test("a link to a divergence opens its page: diffs, both traces, reproducer, command", async () => {
    const { page, complaints } = await open("deep", htmlReporter.render(triagedReport(3)), "#d/1-0-00000000");
    const detail = page.locator("#detail");
    await detail.waitFor();
    expect(await page.locator("#overview").isHidden()).toBe(true);
    expect(await detail.locator(".diff .add").allTextContents()).toContain("+gasUsed: 1");
    expect(await detail.locator(".diff .del").allTextContents()).toContain("-  balance QKC: 4");
    expect(await detail.locator(".trace tr.here").count()).toBe(2);
    expect(await detail.locator('a[href="reproducers/1-0-00000000.json"]').count()).toBe(1);
    expect(await detail.textContent()).toContain("qkc diff --db data/mainnet --block 1:0");
    expect(await detail.textContent()).toContain(HOSTILE);
    await detail.getByText("next", { exact: true }).click();
    await detail.locator("h2", { hasText: "block 1:" }).waitFor();
    await detail.getByText("← all").click();
    await page.locator("#overview").waitFor();
    expect(complaints).toEqual([]);
  });

  test("dark and light, by the system and by the button", async () => {
    const { page, complaints } = await open("theme", htmlReporter.render(triagedReport(5)));
    const background = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    await page.emulateMedia({ colorScheme: "light" });
    expect(await background()).toBe("rgb(255, 255, 255)");
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await background()).toBe("rgb(20, 23, 26)");
    await page.click("#theme");
    expect(await background()).toBe("rgb(255, 255, 255)");
    expect(complaints).toEqual([]);
  });

  test("a clean report is a page too, and JUnit XML is XML", async () => {
    const { page, complaints } = await open("clean", htmlReporter.render(triagedReport(0)));
    expect(await page.textContent("h1")).toBe("clean");
    expect(await page.locator("#list-section").isHidden()).toBe(true);
    const written = junitReporter.render(triagedReport(50));
    const xml = JSON.stringify(written);
    const cases = await page.evaluate(`(() => {
      const parsed = new DOMParser().parseFromString(${xml}, "application/xml");
      return { broken: parsed.querySelectorAll("parsererror").length, count: parsed.querySelectorAll("testcase").length };
    })()`);
    expect(cases).toEqual({ broken: 0, count: written.split("<testcase ").length - 1 });
    expect(written).toContain("<failure");
    expect(complaints).toEqual([]);
  });

  test("it can be printed to a picture", async () => {
    const { page } = await open("picture", htmlReporter.render(triagedReport(400)));
    const picture = await page.screenshot(PICTURE === undefined ? {} : { path: PICTURE });
    expect(picture.subarray(1, 4).toString("latin1")).toBe("PNG");
  });
});
