using System.Text.RegularExpressions;
using AdaLora.Benchmarks;
using AdaLora.Experiments.Programs;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class BenchmarkDocumentTests
{
    [Fact]
    public void Document_has_the_sections_that_the_report_writes()
    {
        var text = File.ReadAllText(TestMaterial.InRepository("docs/benchmarks.md"));

        var markers = Regex.Matches(text, "^<!-- generated: (.*) -->$", RegexOptions.Multiline).Select(match => match.Groups[1].Value);

        Assert.Equal(ReportSection.All.Select(section => section.Name).Order(), markers.Order());
        Assert.All(ReportSection.All, section => Assert.Contains("by the test", GeneratedSections.Replace(text, section.Name, section.Heading, "by the test")));
    }

    [Fact]
    public void Sections_are_found_by_the_first_part_of_their_names()
    {
        Assert.Equal(ReportSection.All, ReportSection.Find([]));
        Assert.Equal(["allocator", "load"], ReportSection.Find(["load", "allocator"]).Select(section => section.Name));
        Assert.Equal(["step"], ReportSection.Find(["step"]).Select(section => section.Name));
        Assert.Equal(ReportSection.All.Where(section => section.Arguments[0] == "step"), ReportSection.Find(["step*"]));
        Assert.Contains("steps", Assert.Throws<UserInputException>(() => ReportSection.Find(["steps"])).Message);
    }

    [Fact]
    public void Folders_of_this_machine_take_the_place_of_those_in_the_document()
    {
        var section = ReportSection.All.First(section => section.Name == "peft-run");

        Assert.DoesNotContain(new ReportMaterial("packages").Resolve(section.Arguments), argument => argument.Contains("../", StringComparison.Ordinal) || argument == ReportMaterial.Peers);
        Assert.Contains("packages", new ReportMaterial("packages").Resolve(section.Arguments));
        Assert.NotNull(new ReportMaterial(null).WhyNot(section));
        Assert.Null(new ReportMaterial("packages").WhyNot(section));
    }
}
