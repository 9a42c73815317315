// Reads a JSON array of calendar texts, prints what ical.js makes of each.
import ICAL from "ical.js";
import { readFileSync } from "node:fs";

function parsed(text) {
  const component = new ICAL.Component(ICAL.parse(text));
  for (const zone of component.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(zone.getFirstPropertyValue("tzid"), new ICAL.Timezone(zone));
  }
  const event = new ICAL.Event(component.getFirstSubcomponent("vevent"));
  const again = ICAL.parse(component.toString());
  return {
    method: component.getFirstPropertyValue("method"),
    uid: event.uid,
    sequence: event.sequence,
    start: event.startDate.toJSDate().toISOString(),
    end: event.endDate.toJSDate().toISOString(),
    attendees: event.attendees.map((a) => a.getFirstValue()),
    names: event.attendees.map((a) => a.getParameter("cn") ?? ""),
    roundTrip: JSON.stringify(again) === JSON.stringify(component.jCal),
  };
}

const texts = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(texts.map((text) => {
  try {
    return parsed(text);
  } catch (error) {
    return { error: String(error) };
  }
})));
