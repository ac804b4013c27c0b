//! JSON fields that are read only if they have the expected type. For any other type its name is kept.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::de::{
    Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer,
};

use super::DecodeError;

/// Field that should be text. Events may have any type in any field, so another type is not an error by itself.
#[derive(Debug, Default)]
pub(super) enum Field<'a> {
    /// The field is missing.
    #[default]
    Absent,
    /// String, with its escapes decoded.
    Text(Cow<'a, str>),
    /// Boolean, which only a few fields expect.
    Bool(bool),
    /// JSON type found instead: "a number", "null", …
    Other(&'static str),
}

impl<'a> Field<'a> {
    /// Boolean value, `None` for other types.
    pub(super) fn boolean(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Text, `None` for other types.
    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns true if the field exists, of any type.
    pub(super) fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// Returns true if the field is this text.
    pub(super) fn is(&self, expected: &str) -> bool {
        matches!(self, Self::Text(text) if text == expected)
    }

    /// Returns the text.
    ///
    /// # Errors
    ///
    /// The field is missing or has another type. The error names the field, the type found and the expected value.
    pub(super) fn text(
        self,
        field: &'static str,
        expected: &'static str,
    ) -> Result<Cow<'a, str>, DecodeError> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(other.missing(field, expected)),
        }
    }

    pub(super) fn missing(&self, field: &'static str, expected: &'static str) -> DecodeError {
        match self {
            Self::Other(seen) => DecodeError::WrongType { field, seen, expected },
            Self::Bool(_) => DecodeError::WrongType { field, seen: "a boolean", expected },
            _ => DecodeError::Missing { field, expected },
        }
    }

    /// Text, or `fallback` if it is absent, empty or of another type.
    pub(super) fn or(self, fallback: Cow<'a, str>) -> Cow<'a, str> {
        match self {
            Self::Text(text) if !text.is_empty() => text,
            _ => fallback,
        }
    }
}

/// Presence of a field of any type.
#[derive(Debug, Default)]
pub(super) struct Present(pub bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

/// Field that should be an object (or, for `Vec`, an array) of a known shape.
#[derive(Debug, Default)]
pub(super) enum Nested<T> {
    /// The field is missing.
    #[default]
    Absent,
    /// Parsed object or array.
    Object(T),
    /// JSON type found instead.
    Other(&'static str),
}

impl<T> Nested<T> {
    /// Returns true if the field exists, of any type.
    pub(super) fn is_present(&self) -> bool {
        !matches!(self, Self::Absent)
    }

    /// Returns the parsed value.
    ///
    /// # Errors
    ///
    /// The field is missing or has another type.
    pub(super) fn object(self, field: &'static str, expected: &'static str) -> Result<T, DecodeError> {
        match self {
            Self::Object(value) => Ok(value),
            Self::Absent => Err(DecodeError::Missing { field, expected }),
            Self::Other(seen) => Err(DecodeError::WrongType { field, seen, expected }),
        }
    }
}

/// Visitor methods for the scalars that are an unexpected type for both `Field` and `Nested`.
macro_rules! other_scalars {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any JSON value")
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Self::Value::Other("a number"))
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Self::Value::Other("a number"))
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Self::Value::Other("a number"))
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::Other("null"))
        }
    };
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldVisitor<'a>(PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for FieldVisitor<'a> {
            type Value = Field<'a>;
            other_scalars!();

            fn visit_bool<E>(self, value: bool) -> Result<Field<'a>, E> {
                Ok(Field::Bool(value))
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Field<'a>, E> {
                Ok(Field::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Field<'a>, E> {
                Ok(Field::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Field<'a>, A::Error> {
                while array.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Field::Other("an array"))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field<'a>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Field::Other("an object"))
            }
        }

        deserializer.deserialize_any(FieldVisitor(PhantomData))
    }
}

/// JSON container that a [`Nested`] value is read from.
pub(super) trait Shape<'de>: Sized {
    /// Reads the value from an object.
    fn from_map<A: MapAccess<'de>>(map: A) -> Result<Nested<Self>, A::Error>;

    /// Reads the value from an array. By default, an array is an unexpected type.
    fn from_array<A: SeqAccess<'de>>(mut array: A) -> Result<Nested<Self>, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Nested::Other("an array"))
    }
}

/// Marker of types that are read from a JSON object.
pub(super) trait Object {}

impl<'de, T: Object + Deserialize<'de>> Shape<'de> for T {
    fn from_map<A: MapAccess<'de>>(map: A) -> Result<Nested<Self>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Nested::Object)
    }
}

impl<'de, T: Deserialize<'de>> Shape<'de> for Vec<T> {
    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Nested<Self>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Nested::Other("an object"))
    }

    fn from_array<A: SeqAccess<'de>>(mut array: A) -> Result<Nested<Self>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = array.next_element()? {
            values.push(value);
        }
        Ok(Nested::Object(values))
    }
}

impl<'de, T: Shape<'de>> Deserialize<'de> for Nested<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NestedVisitor<T>(PhantomData<T>);

        impl<'de, T: Shape<'de>> Visitor<'de> for NestedVisitor<T> {
            type Value = Nested<T>;
            other_scalars!();

            fn visit_bool<E>(self, _: bool) -> Result<Nested<T>, E> {
                Ok(Nested::Other("a boolean"))
            }
            fn visit_str<E>(self, _: &str) -> Result<Nested<T>, E> {
                Ok(Nested::Other("text"))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<Nested<T>, A::Error> {
                T::from_array(array)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Nested<T>, A::Error> {
                T::from_map(map)
            }
        }

        deserializer.deserialize_any(NestedVisitor(PhantomData))
    }
}
