//! How a character looks, from SGR parameters and back to them. Pure.
//!
//! Meaning of the numbers: ECMA-48, section 8.3.117 (SGR), and ISO 8613-6 for colours.

use vte::Params;

/// The look of one cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Style {
    /// One bit for each of [`FLAGS`].
    flags: u8,
    foreground: Colour,
    background: Colour,
}

/// The numbers that switch a flag on, and those that switch it off.
const FLAGS: [(u16, u16); 6] = [(1, 22), (2, 22), (3, 23), (4, 24), (7, 27), (9, 29)];
/// "Double underline", taken for an underline.
const DOUBLE_UNDERLINE: u16 = 21;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Colour {
    #[default]
    Default,
    Indexed(u8),
    Rgb(u8, u8, u8),
}

impl Style {
    /// Applies one `ESC [ … m`. Numbers that mean nothing here are passed over.
    pub(crate) fn apply(&mut self, params: &Params) {
        if params.is_empty() {
            *self = Self::default();
        }
        let mut params = params.iter();
        while let Some(param) = params.next() {
            match *param {
                [code @ (38 | 48), ref inline @ ..] => {
                    let colour = match inline {
                        [] => {
                            let mut next =
                                || params.next().and_then(|param| param.first().copied());
                            read_colour(&mut next)
                        }
                        // `38:2::R:G:B`: the colour space's id stands between.
                        [2, _, rest @ ..] if rest.len() >= 3 => {
                            let mut numbers = std::iter::once(2).chain(rest.iter().copied());
                            read_colour(&mut || numbers.next())
                        }
                        _ => {
                            let mut numbers = inline.iter().copied();
                            read_colour(&mut || numbers.next())
                        }
                    };
                    if let Some(colour) = colour {
                        *self.ground(code == 38) = colour;
                    }
                }
                // `4:0` is no underline; the other kinds of it are underlines.
                [4, 0] => self.apply_code(24),
                [code, ..] => self.apply_code(code),
                [] => {}
            }
        }
    }

    /// The sequence that turns text of the style `before` into text of this one.
    pub(crate) fn push_change(self, before: Self, out: &mut String) {
        if self == before {
            return;
        }
        let mut codes: Vec<String> = Vec::new();
        if before != Self::default() {
            codes.push("0".to_owned());
        }
        for (bit, (on, _)) in FLAGS.iter().enumerate() {
            if self.flags & (1 << bit) != 0 {
                codes.push(on.to_string());
            }
        }
        codes.extend(self.foreground.code(30));
        codes.extend(self.background.code(40));
        out.push_str(&format!("\x1b[{}m", codes.join(";")));
    }

    fn ground(&mut self, is_foreground: bool) -> &mut Colour {
        if is_foreground { &mut self.foreground } else { &mut self.background }
    }

    fn apply_code(&mut self, code: u16) {
        match code {
            0 => *self = Self::default(),
            DOUBLE_UNDERLINE => self.apply_code(4),
            39 | 49 => *self.ground(code == 39) = Colour::Default,
            30..=37 | 40..=47 => *self.ground(code < 40) = Colour::Indexed((code % 10) as u8),
            90..=97 | 100..=107 => {
                *self.ground(code < 100) = Colour::Indexed((code % 10) as u8 + 8);
            }
            _ => {
                for (bit, (on, off)) in FLAGS.iter().enumerate() {
                    if code == *on {
                        self.flags |= 1 << bit;
                    } else if code == *off {
                        self.flags &= !(1 << bit);
                    }
                }
            }
        }
    }
}

impl Colour {
    /// Its parameter; `base` is 30 for a foreground, 40 for a background.
    fn code(self, base: u16) -> Option<String> {
        Some(match self {
            Self::Default => return None,
            Self::Indexed(n @ 0..=7) => (base + u16::from(n)).to_string(),
            Self::Indexed(n @ 8..=15) => (base + 52 + u16::from(n)).to_string(),
            Self::Indexed(n) => format!("{};5;{n}", base + 8),
            Self::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
        })
    }
}

/// `5;N` or `2;R;G;B`.
fn read_colour(next: &mut impl FnMut() -> Option<u16>) -> Option<Colour> {
    let kind = next()?;
    let mut byte = || next().and_then(|number| u8::try_from(number).ok());
    match kind {
        5 => byte().map(Colour::Indexed),
        2 => Some(Colour::Rgb(byte()?, byte()?, byte()?)),
        _ => None,
    }
}
