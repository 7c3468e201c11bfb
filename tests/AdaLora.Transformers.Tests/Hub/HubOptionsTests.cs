using AdaLora.TestSupport;
using AdaLora.Transformers.Hub;
using Xunit;

namespace AdaLora.Transformers.Tests.Hub;

public sealed class HubOptionsTests
{
    private const string Secret = "hf_secret";

    [Theory]
    [InlineData("HF_HUB_CACHE=/c HF_HOME=/h", "/c")]
    [InlineData("HUGGINGFACE_HUB_CACHE=/old HF_HOME=/h", "/old")]
    [InlineData("HF_HOME=/h XDG_CACHE_HOME=/x", "/h/hub")]
    [InlineData("HF_HOME=~/h", "/home/me/h/hub")]
    [InlineData("XDG_CACHE_HOME=/x", "/x/huggingface/hub")]
    [InlineData("", "/home/me/.cache/huggingface/hub")]
    public void Cache_is_found_as_the_Python_tools_find_it(string variables, string expected) =>
        Assert.Equal(expected, In(variables).CacheFolder.Replace('\\', '/'));

    [Theory]
    [InlineData("HF_HUB_OFFLINE=1", true)]
    [InlineData("HF_HUB_OFFLINE=true", true)]
    [InlineData("TRANSFORMERS_OFFLINE=YES", true)]
    [InlineData("HF_HUB_OFFLINE=0", false)]
    [InlineData("", false)]
    public void Offline_is_a_flag(string variables, bool expected) => Assert.Equal(expected, In(variables).Offline);

    [Fact]
    public void Token_comes_from_the_environment_or_else_from_the_login()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("token"), $"{Secret}\n");
        string? Read(string variables) => In($"HF_HOME={folder.Path} {variables}").ReadToken();

        Assert.Equal(Secret, Read(""));
        Assert.Equal("other", Read("HF_TOKEN=other"));
        Assert.Equal("old", Read("HUGGING_FACE_HUB_TOKEN=old"));
        Assert.Null(Read("HF_TOKEN=other HF_HUB_DISABLE_IMPLICIT_TOKEN=1"));
        Assert.Null(Read($"HF_TOKEN_PATH={folder.File("absent")}"));
    }

    [Fact]
    public void All_faults_are_listed_at_once_without_the_token()
    {
        var options = new HubOptions
        {
            CacheFolder = "",
            Endpoint = new Uri("ftp://example.org"),
            Token = $"{Secret} with blanks",
            MaxRetries = -1,
            RetryDelay = TimeSpan.FromSeconds(-1),
            MaxRetryDelay = TimeSpan.FromDays(2),
            Timeout = TimeSpan.Zero,
        };

        var message = Assert.Throws<ArgumentException>(options.Validate).Message;

        Assert.All((string[])["CacheFolder", "endpoint", "token", "MaxRetries", "RetryDelay", "MaxRetryDelay", "Timeout"], name => Assert.Contains(name, message));
        Assert.DoesNotContain(Secret, message);
    }

    [Theory]
    [InlineData("https://example.org/mirror", true)]
    [InlineData("http://127.0.0.1:1", true)]
    [InlineData("http://example.org", false)]
    [InlineData("https://me:hf_secret@example.org", false)]
    [InlineData("https://example.org?key=hf_secret", false)]
    public void Token_is_not_sent_in_clear_over_a_network(string endpoint, bool valid)
    {
        var fault = Record.Exception(new HubOptions { Endpoint = new Uri(endpoint), Token = Secret }.Validate);

        Assert.Equal(valid, fault is null);
        Assert.DoesNotContain(Secret, $"{fault}");
        Assert.DoesNotContain(Secret, new HubOptions { Token = Secret }.ToString());
    }

    private static HubEnvironment In(string variables)
    {
        var values = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(variable => variable.Split('=')).ToDictionary(parts => parts[0], parts => parts[1]);
        return new HubEnvironment(values.GetValueOrDefault, "/home/me");
    }
}
