import type { Language } from "#shared/salons/communication-settings.ts";

/** All that is said to a caller, beside the salon's greeting and its hours. */
export interface VoiceWords {
  readonly thanks: string;
  readonly menu: string;
  readonly changeLanguage: string;
  /** Said in its own language to who does not know yet which is spoken. */
  readonly chooseThis: string;
  readonly wrong: string;
  readonly transferring: string;
  readonly nobodyFree: string;
  readonly linkSent: string;
  readonly callAgain: string;
  readonly leaveMessage: string;
  readonly recorded: string;
  readonly takesNoCalls: string;
  readonly goodbye: string;
  /** The message with the booking link. */
  readonly bookingLink: string;
}

export const VOICE_WORDS: Readonly<Record<Language, VoiceWords>> = {
  en: {
    thanks: "Thank you for calling {salon_name}.",
    menu: "To book, press 1 or say book. For our opening hours, press 2 or say hours. To hear this again, press 9.",
    changeLanguage: "For another language, press 0.",
    chooseThis: "For English, press {digit}.",
    wrong: "We did not get that.",
    transferring: "One moment, please. We are putting you through.",
    nobodyFree: "Nobody can take your call now.",
    linkSent: "We are sending you a message with a link to book. Goodbye.",
    callAgain: "To book, please write to us or call again later.",
    leaveMessage: "You may leave a message after the tone. Press the hash key when you are done.",
    recorded: "Thank you for your message. Goodbye.",
    takesNoCalls: "{salon_name} takes no calls on this number. Goodbye.",
    goodbye: "Goodbye.",
    bookingLink: "Book your appointment at {salon_name} here: {url}",
  },
  hi: {
    thanks: "{salon_name} को कॉल करने के लिए धन्यवाद।",
    menu: "बुकिंग के लिए 1 दबाएँ या बुकिंग बोलें। हमारे खुलने का समय जानने के लिए 2 दबाएँ या समय बोलें। दोबारा सुनने के लिए 9 दबाएँ।",
    changeLanguage: "दूसरी भाषा के लिए 0 दबाएँ।",
    chooseThis: "हिंदी के लिए {digit} दबाएँ।",
    wrong: "हम समझ नहीं पाए।",
    transferring: "कृपया एक क्षण रुकें। हम आपकी कॉल जोड़ रहे हैं।",
    nobodyFree: "अभी कोई आपकी कॉल नहीं ले पा रहा है।",
    linkSent: "हम आपको बुकिंग के लिंक वाला संदेश भेज रहे हैं। नमस्ते।",
    callAgain: "बुकिंग के लिए कृपया हमें संदेश लिखें या बाद में फिर कॉल करें।",
    leaveMessage: "आप टोन के बाद अपना संदेश छोड़ सकते हैं। संदेश पूरा होने पर हैश दबाएँ।",
    recorded: "आपके संदेश के लिए धन्यवाद। नमस्ते।",
    takesNoCalls: "{salon_name} इस नंबर पर कॉल नहीं लेता। नमस्ते।",
    goodbye: "नमस्ते।",
    bookingLink: "{salon_name} में अपना अपॉइंटमेंट यहाँ बुक करें: {url}",
  },
  te: {
    thanks: "{salon_name}కు కాల్ చేసినందుకు ధన్యవాదాలు.",
    menu: "బుకింగ్ కోసం 1 నొక్కండి లేదా బుకింగ్ అని చెప్పండి. మా పని వేళల కోసం 2 నొక్కండి లేదా వేళలు అని చెప్పండి. మళ్ళీ వినడానికి 9 నొక్కండి.",
    changeLanguage: "మరో భాష కోసం 0 నొక్కండి.",
    chooseThis: "తెలుగు కోసం {digit} నొక్కండి.",
    wrong: "మాకు అర్థం కాలేదు.",
    transferring: "దయచేసి ఒక్క క్షణం ఆగండి. మీ కాల్ కలుపుతున్నాము.",
    nobodyFree: "ప్రస్తుతం మీ కాల్ తీసుకోవడానికి ఎవరూ అందుబాటులో లేరు.",
    linkSent: "బుకింగ్ లింక్‌తో మీకు సందేశం పంపుతున్నాము. సెలవు.",
    callAgain: "బుకింగ్ కోసం దయచేసి మాకు సందేశం రాయండి లేదా తర్వాత మళ్ళీ కాల్ చేయండి.",
    leaveMessage: "టోన్ తర్వాత మీరు సందేశం వదలవచ్చు. పూర్తయ్యాక హ్యాష్ నొక్కండి.",
    recorded: "మీ సందేశానికి ధన్యవాదాలు. సెలవు.",
    takesNoCalls: "{salon_name} ఈ నంబరులో కాల్స్ తీసుకోదు. సెలవు.",
    goodbye: "సెలవు.",
    bookingLink: "{salon_name}లో మీ అపాయింట్‌మెంట్ ఇక్కడ బుక్ చేసుకోండి: {url}",
  },
};
