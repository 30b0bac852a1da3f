//! What level 1 is made of: builders whose type says which required properties are still missing.
//!
//! A builder holds the properties as a map, and nothing else; for each required one its type has a
//! parameter, `Given` or the name of what is missing. `build` exists for all of them, and asks that
//! every parameter be [`Given`], so that the compiler can say which is not.

use crate::ordered::IndexMap;

use super::expression::Expression;

/// A required property that was given.
#[derive(Debug)]
pub struct Given;

/// Whether a required property was given: only [`Given`] was.
#[diagnostic::on_unimplemented(
    message = "the required property `{Self}` is missing",
    label = "call the method of this name before `build`"
)]
pub trait IsGiven {}

impl IsGiven for Given {}

/// The properties of a builder.
#[derive(Debug, Clone, Default)]
pub struct Properties(pub(super) IndexMap<String, Expression>);

impl Properties {
    pub(super) fn with(mut self, name: &str, value: Expression) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }
}

/// The names of required properties, as types.
macro_rules! missing {
    ($($name:ident)*) => {
        /// The names of required properties: what stands in a builder's type while one is missing.
        #[allow(missing_docs, reason = "the names say it")]
        pub mod missing {
            $(#[derive(Debug)] pub struct $name;)*
        }
    };
}

/// A builder with its setters.
macro_rules! builder {
    (
        $name:ident $builder:ident
        required { $($(#[$rdoc:meta])* $required:ident $rmethod:ident: $rtype:ty;)* }
        optional { $($(#[$odoc:meta])* $optional:ident $omethod:ident: $otype:ty;)* }
    ) => {
        #[doc = concat!("Builds a [`", stringify!($name), "`].")]
        #[derive(Debug)]
        #[must_use]
        pub struct $builder<$($required = $crate::construct::level1::missing::$required),*> {
            properties: $crate::construct::typed::Properties,
            state: ::std::marker::PhantomData<($($required,)*)>,
        }

        impl $name {
            /// Begins with nothing given.
            pub fn builder() -> $builder {
                $builder {
                    properties: $crate::construct::typed::Properties::default(),
                    state: ::std::marker::PhantomData,
                }
            }
        }

        impl<$($required),*> $builder<$($required),*> {
            $(
                #[doc = concat!("`", stringify!($optional), "`.")]
                $(#[$odoc])*
                pub fn $omethod(
                    self,
                    value: impl Into<$crate::construct::Prop<$otype>>,
                ) -> Self {
                    let value = value.into().into_expression();
                    Self {
                        properties: self.properties.with(stringify!($optional), value),
                        state: ::std::marker::PhantomData,
                    }
                }
            )*
        }

        builder! { @required $builder [] $({ $(#[$rdoc])* $required $rmethod: $rtype })* }
    };
    (@required $builder:ident [$($before:ident)*]) => {};
    (
        @required $builder:ident [$($before:ident)*]
        { $(#[$doc:meta])* $name:ident $method:ident: $type:ty }
        $({ $(#[$adoc:meta])* $after:ident $amethod:ident: $atype:ty })*
    ) => {
        impl<$($before,)* $name, $($after,)*> $builder<$($before,)* $name, $($after,)*> {
            #[doc = concat!("`", stringify!($name), "`. Required.")]
            $(#[$doc])*
            pub fn $method(
                self,
                value: impl Into<$crate::construct::Prop<$type>>,
            ) -> $builder<$($before,)* $crate::construct::Given, $($after,)*> {
                let value = value.into().into_expression();
                $builder {
                    properties: self.properties.with(stringify!($name), value),
                    state: ::std::marker::PhantomData,
                }
            }
        }

        builder! {
            @required $builder [$($before)* $name]
            $({ $(#[$adoc])* $after $amethod: $atype })*
        }
    };
}

/// A resource type.
macro_rules! resource {
    (
        $(#[$doc:meta])*
        $name:ident $builder:ident $type_name:literal
        required { $($(#[$rdoc:meta])* $required:ident $rmethod:ident: $rtype:ty;)* }
        optional { $($(#[$odoc:meta])* $optional:ident $omethod:ident: $otype:ty;)* }
        attributes { $($attribute:literal $amethod:ident: $atype:ty;)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name {
            resource: $crate::construct::Resource,
        }

        builder! {
            $name $builder
            required { $($(#[$rdoc])* $required $rmethod: $rtype;)* }
            optional { $($(#[$odoc])* $optional $omethod: $otype;)* }
        }

        impl<$($required),*> $builder<$($required),*> {
            /// Makes the resource, under an id in a scope.
            pub fn build(self, scope: &dyn $crate::construct::Construct, id: &str) -> $name
            where
                $($required: $crate::construct::IsGiven,)*
            {
                let properties = self.properties.0;
                let made_by = stringify!($name);
                let resource =
                    $crate::construct::Resource::new(scope, id, made_by, $type_name, properties);
                $name { resource }
            }
        }

        impl $name {
            /// Its CloudFormation type.
            pub const TYPE: &'static str = $type_name;
            /// Every property a template may set.
            pub const PROPERTIES: &'static [&'static str] =
                &[$(stringify!($required),)* $(stringify!($optional),)*];

            $(
                #[doc = concat!("What `Fn::GetAtt` of `", $attribute, "` gives.")]
                pub fn $amethod(&self) -> $crate::construct::Prop<$atype> {
                    self.resource.get_att($attribute)
                }
            )*
        }

        impl ::std::ops::Deref for $name {
            type Target = $crate::construct::Resource;

            fn deref(&self) -> &Self::Target {
                &self.resource
            }
        }

        impl $crate::construct::Construct for $name {
            fn scope(&self) -> &$crate::construct::Scope {
                self.resource.scope()
            }
        }
    };
}

/// A property that is a map with known keys.
macro_rules! property {
    (
        $(#[$doc:meta])*
        $name:ident $builder:ident
        required { $($(#[$rdoc:meta])* $required:ident $rmethod:ident: $rtype:ty;)* }
        optional { $($(#[$odoc:meta])* $optional:ident $omethod:ident: $otype:ty;)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name($crate::construct::typed::Properties);

        builder! {
            $name $builder
            required { $($(#[$rdoc])* $required $rmethod: $rtype;)* }
            optional { $($(#[$odoc])* $optional $omethod: $otype;)* }
        }

        impl<$($required),*> $builder<$($required),*> {
            /// The finished property.
            pub fn build(self) -> $name
            where
                $($required: $crate::construct::IsGiven,)*
            {
                $name(self.properties)
            }
        }

        impl $crate::construct::Plain for $name {
            fn into_expression(self) -> $crate::construct::Expression {
                $crate::construct::Expression::Map(self.0.0)
            }
        }
    };
}

/// A property that is one of some texts.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`.")] $variant,)*
        }

        impl $name {
            /// As a template has it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl $crate::construct::Plain for $name {
            fn into_expression(self) -> $crate::construct::Expression {
                $crate::construct::Expression::Text(self.as_str().to_owned())
            }
        }

        impl From<$crate::construct::Prop<String>> for $crate::construct::Prop<$name> {
            fn from(token: $crate::construct::Prop<String>) -> Self {
                token.cast()
            }
        }
    };
}

pub(in crate::construct) use {builder, choice, missing, property, resource};
