//! An event's JSON, read in one pass: what every event of the Cloud Coding API may have in
//! fields of their own, and whatever else there is as it is.

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;

/// A JSON object.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) event: Option<Cow<'a, str>>,
    pub(super) data: Option<Box<Payload<'a>>>,
    pub(super) task_name: Option<Cow<'a, str>>,
    pub(super) stdout: Option<Cow<'a, str>>,
    /// Everything else.
    pub(super) rest: Map<String, Value>,
}

/// Any JSON.
#[derive(Debug)]
pub(super) enum Payload<'a> {
    Fields(Fields<'a>),
    Text(Cow<'a, str>),
    Other(Value),
}

impl Fields<'_> {
    /// The object as it is without fields of their own.
    pub(super) fn into_map(self) -> Map<String, Value> {
        let mut map = self.rest;
        let texts = [("event", self.event), ("task_name", self.task_name), ("stdout", self.stdout)];
        for (key, text) in texts {
            if let Some(text) = text {
                map.insert(key.to_owned(), Value::String(text.into_owned()));
            }
        }
        if let Some(data) = self.data {
            map.insert("data".to_owned(), data.into_value());
        }
        map
    }

    /// Whether it is a type and a payload.
    pub(super) fn is_envelope(&self) -> bool {
        self.event.is_some() && self.data.is_some()
    }

    pub(super) fn task(&self) -> Option<String> {
        self.task_name.as_deref().map(str::to_owned)
    }

    /// Takes a text out of the rest.
    pub(super) fn take_text(&mut self, key: &str) -> Option<String> {
        match self.rest.remove(key)? {
            Value::String(text) => Some(text),
            other => {
                self.rest.insert(key.to_owned(), other);
                None
            }
        }
    }
}

impl Payload<'_> {
    fn into_value(self) -> Value {
        match self {
            Self::Fields(fields) => Value::Object(fields.into_map()),
            Self::Text(text) => Value::String(text.into_owned()),
            Self::Other(value) => value,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Payload<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PayloadVisitor)
    }
}

struct PayloadVisitor;

impl<'de> Visitor<'de> for PayloadVisitor {
    type Value = Payload<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key::<ObjectKey<'de>>()? {
            let ObjectKey(key) = key;
            let place = match &*key {
                "event" => &mut fields.event,
                "task_name" => &mut fields.task_name,
                "stdout" => &mut fields.stdout,
                "data" if fields.data.is_none() => {
                    fields.data = Some(Box::new(map.next_value()?));
                    continue;
                }
                _ => {
                    if fields.rest.insert(key.into_owned(), map.next_value()?).is_some() {
                        return Err(A::Error::custom("a key comes twice"));
                    }
                    continue;
                }
            };
            match map.next_value()? {
                Payload::Text(text) if place.is_none() => *place = Some(text),
                other => {
                    if fields.rest.insert(key.into_owned(), other.into_value()).is_some() {
                        return Err(A::Error::custom("a key comes twice"));
                    }
                }
            }
        }
        let is_double = |key: &str, there: bool| there && fields.rest.contains_key(key);
        if is_double("event", fields.event.is_some())
            || is_double("task_name", fields.task_name.is_some())
            || is_double("stdout", fields.stdout.is_some())
            || is_double("data", fields.data.is_some())
        {
            return Err(A::Error::custom("a key comes twice"));
        }
        Ok(Payload::Fields(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(seq)).map(Payload::Other)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Payload::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Payload::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, is: bool) -> Result<Self::Value, E> {
        Ok(Payload::Other(Value::Bool(is)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Payload::Other(Value::from(number)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Payload::Other(Value::from(number)))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Payload::Other(Value::from(number)))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Payload::Other(Value::Null))
    }
}

/// A key, borrowed where it has no escapes.
struct ObjectKey<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for ObjectKey<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_str(PayloadVisitor)? {
            Payload::Text(text) => Ok(Self(text)),
            _ => Err(D::Error::custom("a key is text")),
        }
    }
}
