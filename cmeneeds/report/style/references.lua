-- Runs after citeproc: hyphens in ranges of citation numbers, as AMA sets them, and behind each
-- reference what its record says about retraction, concern or correction (the style itself does
-- not print notes; metadata `notes-file` names a JSON object id -> note).

function Pandoc(doc)
  local file = assert(io.open(pandoc.utils.stringify(doc.meta["notes-file"]), "r"))
  local notes = pandoc.json.decode(file:read("a"), false)
  file:close()
  local properties = assert(io.open(pandoc.utils.stringify(doc.meta["properties-file"]), "r"))
  local kept = pandoc.json.decode(properties:read("a"), false)
  properties:close()
  -- Word keeps all metadata as document properties: leave no paths and settings there.
  doc.meta = { title = doc.meta.title, lang = doc.meta.lang, mark = not FORMAT:match("docx") and doc.meta.mark }
  for name, value in pairs(kept) do doc.meta[name] = pandoc.MetaString(value) end
  return doc:walk({
    -- Links that citeproc made of fields of a record.
    Link = function(link)
      local target = link.target
      if target:match("^https?://") or target:match("^#") then return nil end
      return pandoc.Span(link.content)
    end,
    -- The word joiners of filter.lua have done their work.
    Inlines = function(inlines)
      local changed = false
      for i = #inlines, 2, -1 do
        local joiner = inlines[i].t == "Str" and inlines[i].text:match("^\u{2060}(.*)$")
        if joiner and inlines[i - 1].t == "Cite" then
          inlines[i].text = joiner
          changed = true
        end
      end
      return changed and inlines or nil
    end,
    Cite = function(cite)
      return cite:walk({
        Str = function(str)
          return pandoc.Str((str.text:gsub("–", "-")))
        end,
      })
    end,
    Div = function(div)
      local id = div.identifier:match("^ref%-(.+)$")
      local note = id and notes[id]
      if not note then return nil end
      local text = note
      local line = div.content[#div.content].content
      -- Where the style sets numbers apart, the text is a span of its own.
      local inner = line[#line]
      if inner.t == "Span" and inner.classes:includes("csl-right-inline") then
        line = inner.content
      end
      line:extend({
        pandoc.Space(),
        pandoc.Span({ pandoc.Strong({ pandoc.Str(note .. ".") }) }, { class = "status" }),
      })
      if inner.t == "Span" and inner.classes:includes("csl-right-inline") then
        inner.content = line
        div.content[#div.content].content[#div.content[#div.content].content] = inner
      end
      return div
    end,
  })
end
