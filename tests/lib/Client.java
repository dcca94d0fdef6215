import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** One request by Java's HttpClient: Client URL [SECRET]; prints the status that it was told. */
class Client {
	public static void main(String[] args) throws Exception {
		String secret = args.length > 1 ? args[1] : "";
		System.out.println(args[0].contains("/socket") ? webSocket(args[0], secret) : request(args[0], secret));
		System.exit(0);
	}

	static String request(String url, String secret) throws Exception {
		HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(url));
		if (!secret.isEmpty())
			builder.POST(HttpRequest.BodyPublishers.ofString("a secret: " + secret));
		return "" + HttpClient.newHttpClient().send(builder.build(), BodyHandlers.ofString()).statusCode();
	}

	/** The echo of what was said, or the code with which it was closed. */
	static class Ear implements WebSocket.Listener {
		final CompletableFuture<String> heard = new CompletableFuture<>();

		@Override
		public CompletionStage<?> onText(WebSocket ws, CharSequence text, boolean last) {
			heard.complete(text.toString().equals("heard hello") ? "200" : "heard something else");
			return null;
		}

		@Override
		public CompletionStage<?> onClose(WebSocket ws, int code, String reason) {
			heard.complete(code == 1008 ? "403" : "closed with " + code);
			return null;
		}

		@Override
		public void onError(WebSocket ws, Throwable error) {
			heard.complete(error.toString());
		}
	}

	static String webSocket(String url, String secret) throws Exception {
		Ear ear = new Ear();
		try {
			WebSocket ws = HttpClient.newHttpClient().newWebSocketBuilder()
				.buildAsync(URI.create(url.replaceFirst("http", "ws")), ear).join();
			ws.sendText("hello" + secret, true).join();
		} catch (CompletionException e) {
			if (!ear.heard.isDone())
				return e.getCause().toString();
		}
		return ear.heard.get(60, TimeUnit.SECONDS);
	}
}
