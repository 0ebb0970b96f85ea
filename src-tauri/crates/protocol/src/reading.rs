//! How requests of others are read: objects only by the names of their fields, `null` as what isn't
//! given, and lists counted while they are read, so that a list that is too long is never built.

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;

/// A value that is written as an object. Without it, serde also takes a list of the fields in the
/// order in which a program happens to have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object in { }")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Reads a field; `null` is what isn't given.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a list of at most `MAX` objects; `null` is what isn't given.
pub(crate) fn bounded_objects<'de, D, T, const MAX: usize>(
    deserializer: D,
) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(ListVisitor::<T, MAX>(PhantomData))
}

struct ListVisitor<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for ListVisitor<T, MAX> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list in [ ]")
    }

    fn visit_unit<E: Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = list.next_element_seed(BoundedItem(read.len() < MAX, PhantomData))? {
            let Some(Object(item)) = item else {
                return Err(A::Error::custom(format!("the list has more than {MAX} entries")));
            };
            read.push(item);
        }
        Ok(read)
    }
}

/// One more entry; it isn't read if there is no room for it.
struct BoundedItem<T>(bool, PhantomData<T>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for BoundedItem<T> {
    type Value = Option<Object<T>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.then(|| Object::deserialize(deserializer)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Item {
        #[serde(deserialize_with = "null_as_default")]
        name: String,
        #[serde(deserialize_with = "null_as_default")]
        count: u32,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct List {
        #[serde(deserialize_with = "bounded_objects::<_, _, 2>")]
        items: Vec<Item>,
    }

    fn read(json: &str) -> Result<Vec<Item>, String> {
        let read = serde_json::from_str::<Object<List>>(json);
        read.map(|Object(list)| list.items).map_err(|problem| problem.to_string())
    }

    #[test]
    fn null_is_what_is_not_given() {
        assert_eq!(read("{}"), Ok(Vec::new()));
        assert_eq!(read(r#"{"items":null}"#), Ok(Vec::new()));
        let empty = r#"{"items":[{"name":null,"count":null},{}]}"#;
        assert_eq!(read(empty), Ok(vec![Item::default(), Item::default()]));
        let full = Item { name: "a".into(), count: 3 };
        assert_eq!(read(r#"{"items":[{"name":"a","count":3}]}"#), Ok(vec![full]));
        assert!(read(r#"{"items":[null]}"#).is_err());
        assert!(read(r#"{"items":[{"count":"3"}]}"#).is_err());
    }

    #[test]
    fn lists_are_counted_while_they_are_read() {
        // What comes after the last entry that is taken isn't even looked at.
        let said = read(r#"{"items":[{},{},nonsense"#).expect_err("too many");
        assert!(said.contains("more than 2 entries"), "{said}");
        assert_eq!(read(r#"{"items":[{},{}]}"#).map(|items| items.len()), Ok(2));
    }

    #[test]
    fn a_list_of_fields_is_no_object() {
        for json in [r#"[[{"name":"a"}]]"#, r#"{"items":[["a",3]]}"#, "null", "3", "[]"] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
