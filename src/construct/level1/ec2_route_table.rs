// Written by scripts/level1.py from data/schemas.json: change that, and run it again.

//! `AWS::EC2::RouteTable`.

use crate::construct::typed::{builder, property, resource};

resource! {
    /// `AWS::EC2::RouteTable`.
    CfnRouteTable CfnRouteTableBuilder "AWS::EC2::RouteTable"
    required {
        #[doc = "A change replaces the resource."]
        VpcId vpc_id: String;
    }
    optional {
        Tags tags: Vec<Tag>;
    }
    attributes {
        "RouteTableId" attr_route_table_id: String;
    }
}

property! {
    /// `Tags[]` of `AWS::EC2::RouteTable`.
    Tag TagBuilder
    required {
        Key key: String;
        Value value: String;
    }
    optional {}
}
