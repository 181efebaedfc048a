// TOML text into JSON values: the only C++ file, because toml++ is C++. Nothing throws through it.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>

#include <toml++/toml.h>

extern "C" {
#include "core/base/toml.h"
}

namespace
{
struct value_and_place {
    struct json *value;
    struct json *place;
};

struct bad_number {
    toml::source_position where;
};

value_and_place convert(const toml::node &node);

void add_line(struct json *place, const toml::node &node)
{
    json_set_int(place, "line", static_cast<int64_t>(node.source().begin.line));
}

// The trees are put into their parents at once, so that a throw below leaks nothing.
void convert_table(const toml::table &table, struct json *value, struct json *place)
{
    struct json *members = json_object();
    json_set(place, "members", members);
    for (auto &&[key, node] : table) {
        const std::string name(key.str());
        const value_and_place member = convert(node);
        if (!node.is_table() && !node.is_array()) {
            json_set_int(member.place, "line", static_cast<int64_t>(key.source().begin.line));
        }
        json_set(value, name.c_str(), member.value);
        json_set(members, name.c_str(), member.place);
    }
}

void convert_array(const toml::array &array, struct json *value, struct json *place)
{
    struct json *items = json_array();
    json_set(place, "items", items);
    for (auto &&node : array) {
        const value_and_place item = convert(node);
        json_append(value, item.value);
        json_append(items, item.place);
    }
}

struct json *convert_scalar(const toml::node &node)
{
    if (const auto *text = node.as_string()) {
        const std::string &bytes = text->get();
        return json_string({bytes.data(), bytes.size()});
    }
    if (const auto *integer = node.as_integer()) {
        return json_int(integer->get());
    }
    if (const auto *number = node.as_floating_point()) {
        if (!std::isfinite(number->get())) {
            throw bad_number{node.source().begin};
        }
        return json_number(number->get());
    }
    if (const auto *boolean = node.as_boolean()) {
        return json_bool(boolean->get());
    }
    std::ostringstream moment;
    node.visit([&](auto &&date) {
        if constexpr (toml::is_date<decltype(date)> || toml::is_time<decltype(date)> ||
                      toml::is_date_time<decltype(date)>) {
            moment << date.get();
        }
    });
    const std::string bytes = moment.str();
    return json_string({bytes.data(), bytes.size()});
}

value_and_place convert(const toml::node &node)
{
    value_and_place result = {nullptr, nullptr};
    try {
        if (const auto *table = node.as_table()) {
            result = {json_object(), json_object()};
            add_line(result.place, node);
            convert_table(*table, result.value, result.place);
        } else if (const auto *array = node.as_array()) {
            result = {json_array(), json_object()};
            add_line(result.place, node);
            convert_array(*array, result.value, result.place);
        } else {
            result.value = convert_scalar(node);
            result.place = json_object();
            add_line(result.place, node);
        }
    } catch (...) {
        json_free(result.value);
        json_free(result.place);
        throw;
    }
    return result;
}

bool complain(const toml::source_position &where, std::string_view what, int *out_line,
              struct error *err)
{
    *out_line = static_cast<int>(where.line);
    return error_set(err, ERROR_PERMANENT, "bad_toml", "column %u: %.*s",
                     static_cast<unsigned>(where.column), static_cast<int>(what.size()),
                     what.data());
}
} // namespace

extern "C" bool toml_parse(struct str text, struct toml_document *out_document, int *out_line,
                           struct error *err)
{
    *out_line = 0;
    try {
        const toml::table table = toml::parse(std::string_view(text.ptr, text.len));
        const value_and_place root = convert(table);
        out_document->value = root.value;
        out_document->places = root.place;
        return true;
    } catch (const toml::parse_error &problem) {
        return complain(problem.source().begin, problem.description(), out_line, err);
    } catch (const bad_number &problem) {
        return complain(problem.where, "the number is not finite", out_line, err);
    } catch (const std::exception &problem) {
        return error_set(err, ERROR_PERMANENT, "bad_toml", "%s", problem.what());
    } catch (...) {
        return error_set(err, ERROR_PERMANENT, "bad_toml", "the TOML reader failed");
    }
}

extern "C" void toml_document_done(struct toml_document *document)
{
    json_free(document->value);
    json_free(document->places);
    *document = {nullptr, nullptr};
}

extern "C" const struct json *toml_place_member(const struct json *place, const char *name)
{
    return json_get(json_get(place, "members"), name);
}

extern "C" const struct json *toml_place_item(const struct json *place, size_t index)
{
    return json_at(json_get(place, "items"), index);
}

extern "C" int toml_place_line(const struct json *place)
{
    return static_cast<int>(json_int_or(place, "line", 0));
}
